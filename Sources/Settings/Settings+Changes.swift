// What a reload would change, line by line.

extension Settings {
    /// What differs in `new`, one line each: `services.shop.health.interval: 2s -> 5s`. Empty when nothing does.
    ///
    /// Listeners are told apart by name, routes by host and path, backends by address. Values of `env` are not shown.
    package func changes(to new: Settings) -> [String] {
        var changes: [String] = []
        Self.compare(outline, new.outline, path: "", into: &changes)
        return changes
    }

    private static func compare(_ old: Outline, _ new: Outline, path: String, into changes: inout [String]) {
        guard old != new else { return }
        switch (old, new) {
        case (.mapping(let oldEntries), .mapping(let newEntries)):
            compare(
                oldEntries.map { ($0.key, $0.value) }, newEntries.map { ($0.key, $0.value) }, path: path, into: &changes
            )
        case (.list(let oldItems), .list(let newItems)):
            let count = changes.count
            compare(
                oldItems.map { ($0.label, $0.value) }, newItems.map { ($0.label, $0.value) }, path: path, into: &changes
            )
            if changes.count == count { changes.append("\(path): in another order") }
        default:
            let isSecret = path.contains(".instances.env.")
            changes.append(isSecret ? "\(path): changed" : "\(path): \(shown(old)) -> \(shown(new))")
        }
    }

    private static func compare(
        _ old: [(name: String, value: Outline)], _ new: [(name: String, value: Outline)], path: String,
        into changes: inout [String]
    ) {
        for (name, value) in old {
            let inner = path.isEmpty ? name : "\(path).\(name)"
            if let other = new.first(where: { $0.name == name }) {
                compare(value, other.value, path: inner, into: &changes)
            } else {
                changes.append("\(inner): removed")
            }
        }
        for (name, _) in new where !old.contains(where: { $0.name == name }) {
            changes.append("\(path.isEmpty ? name : "\(path).\(name)"): added")
        }
        if old.map(\.name) != new.map(\.name), Set(old.map(\.name)) == Set(new.map(\.name)), path == "services" {
            changes.append("\(path): in another order")
        }
    }

    private static func shown(_ outline: Outline) -> String {
        switch outline {
        case .unset(let meaning): "not set (\(meaning))"
        case .plain, .text, .template, .words: outline.written
        case .mapping, .list: "set"
        }
    }
}
