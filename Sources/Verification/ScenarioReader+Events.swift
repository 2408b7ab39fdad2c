// The `events` part of a scenario file.

import Vocabulary

extension ScenarioReader {
    private static let commonKeys = ["id", "at", "after", "wait", "do", "within"]

    private enum Kind: String, CaseIterable {
        case scale
        case kill
        case rollout
        case killServer = "kill_server"

        var keys: [String] {
            switch self {
            case .scale: ["service", "count"]
            case .kill: ["service", "pick", "release", "signal"]
            case .rollout: ["service", "release", "expect"]
            case .killServer: []
            }
        }

        var required: [String] {
            switch self {
            case .scale: ["service", "count"]
            case .kill: ["service"]
            case .rollout: ["service", "release"]
            case .killServer: []
            }
        }

        var within: Duration { self == .rollout ? .seconds(600) : .seconds(60) }
    }

    private enum PickWord: String, CaseIterable {
        case any, oldest, newest, release
    }

    func events(_ value: YAMLValue?) -> [ScenarioEvent] {
        guard let entries = value?.sequence else { return [] }
        var events: [ScenarioEvent] = []
        for (index, entry) in entries.enumerated() {
            guard let event = event(entry, number: index + 1) else { continue }
            if events.contains(where: { $0.id == event.id }) {
                entry.problem("there is already an event called \"\(event.id)\"")
            }
            if case .after(let id, _) = event.start, !events.contains(where: { $0.id == id }) {
                let hint = NearestKey.suggestion(for: id, among: events.map(\.id))
                entry.problem("`after` names \"\(id)\", which is no event above this one\(hint)")
            }
            events.append(event)
        }
        return events
    }

    private func event(_ value: YAMLValue, number: Int) -> ScenarioEvent? {
        let every = Self.commonKeys + ["service", "count", "pick", "release", "signal", "expect"]
        guard let mapping = value.mapping(keys: every, required: ["do"]),
            let kind: Kind = mapping["do"]?.choice()
        else { return nil }
        for (key, field) in mapping.values where !(Self.commonKeys + kind.keys).contains(key) {
            field.problem("`do: \(kind.rawValue)` has no \"\(key)\"")
        }
        for key in kind.required where mapping[key] == nil {
            value.problem("`do: \(kind.rawValue)` lacks the key \"\(key)\"")
        }
        guard let start = start(mapping), let order = order(kind, mapping) else { return nil }
        return ScenarioEvent(
            id: mapping["id"]?.text ?? "\(kind.rawValue)-\(number)", start: start, order: order,
            within: mapping["within"]?.duration ?? kind.within)
    }

    private func start(_ mapping: YAMLMapping) -> ScenarioEvent.Start? {
        guard let kind = mapping.exactlyOne(of: ["at", "after"]) else { return nil }
        if kind == "after" {
            return mapping["after"]?.text.map { .after($0, wait: mapping["wait"]?.duration ?? .zero) }
        }
        mapping["wait"]?.problem("belongs to `after`; write the offset into `at`: baseline+5s")
        return mapping["at"]?.read("a moment like baseline+5s (counted from the end of the baseline)") { text in
            guard text.hasPrefix("baseline") else { return nil }
            let rest = text.dropFirst("baseline".count)
            if rest.isEmpty { return .baseline(.zero) }
            return rest.hasPrefix("+") ? Quantities.duration(rest.dropFirst()).map { .baseline($0) } : nil
        }
    }

    private func order(_ kind: Kind, _ mapping: YAMLMapping) -> ScenarioEvent.Order? {
        let service = mapping["service"]?.text
        switch kind {
        case .scale:
            guard let service, let count = mapping["count"]?.integer(0...10_000) else { return nil }
            return .scale(service: service, count: count)
        case .kill:
            guard let service, let pick = pick(mapping) else { return nil }
            return .kill(service: service, pick: pick, signal: mapping["signal"]?.choice() ?? .kill)
        case .rollout:
            guard let service, let release = mapping["release"]?.text else { return nil }
            return .rollout(service: service, release: release, expect: mapping["expect"]?.choice() ?? .completed)
        case .killServer:
            return .killServer
        }
    }

    private func pick(_ mapping: YAMLMapping) -> ScenarioEvent.Pick? {
        let word: PickWord? = mapping["pick"].map { $0.choice() } ?? (mapping["release"] == nil ? .any : .release)
        switch word {
        case .any: return .any
        case .oldest: return .oldest
        case .newest: return .newest
        case .release:
            guard let release = mapping["release"]?.text else {
                mapping.value.problem("`pick: release` lacks the key \"release\"")
                return nil
            }
            return .release(release)
        case nil: return nil
        }
    }
}
