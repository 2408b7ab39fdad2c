// One object of a settings file while it is read: which keys it has, and typed access to their values. A value that is
// left out leaves its default alone; one that is wrong is reported and leaves it alone too.

import Vocabulary

/// The keys of one mapping, checked against its shape.
struct Fields {
    let reading: Reading
    let shape: Shape
    /// Of the object, without a dot at the end; empty for the file itself.
    let path: String
    /// What is reported as the place of a key that is missing.
    let place: Place
    private var entries: [String: SourceNode.Entry] = [:]
    /// Keys that an unknown one was probably meant to be.
    private var mistyped: [String] = []
    /// Paths of keys that stand for values elsewhere (the smallest form).
    private let aliases: [String: String]

    /// Reports unknown keys and those not supported yet. `nil` when `node` is not a mapping, which is reported.
    init?(
        _ node: SourceNode, _ shape: Shape, path: String, place: Place, reading: Reading,
        aliases: [String: String] = [:]
    ) {
        self.reading = reading
        self.shape = shape
        self.path = path
        self.place = place
        self.aliases = aliases
        reading.locate(path, at: place)
        guard !node.isMissing else {
            reading.report(Complaint("\(shape.title) has nothing in it", hint: keysHint), at: place, path: path)
            return nil
        }
        guard case .mapping(let written) = node.content else {
            let complaint = Complaint("\(shape.title) must be a mapping, found \(node.description)", hint: keysHint)
            reading.report(complaint, at: node.place, path: path)
            return nil
        }
        for entry in written {
            let keyPath = self.path(of: entry.key)
            guard let key = shape[entry.key] else {
                if let near = NearestName.of(entry.key, among: shape.supportedNames) { mistyped.append(near) }
                let complaint = Complaint("unknown key `\(entry.key)` in \(shape.title)", hint: hint(for: entry.key))
                reading.report(complaint, at: entry.keyPlace, path: keyPath)
                continue
            }
            guard key.isSupported else {
                reading.report(Complaint("`\(key.name)` is not supported yet"), at: entry.keyPlace, path: keyPath)
                continue
            }
            entries[entry.key] = entry
        }
    }

    func has(_ key: String) -> Bool { entries[key] != nil }

    func entry(_ key: String) -> SourceNode.Entry? { entries[key] }

    func path(of key: String) -> String {
        aliases[key] ?? (path.isEmpty ? key : "\(path).\(key)")
    }

    /// Reports a problem with the key itself.
    func report(_ complaint: Complaint, key: String) {
        reading.report(complaint, at: entries[key]?.keyPlace ?? place, path: path(of: key))
    }

    /// Reports `key` as missing, unless it is there with a typing mistake, which was reported.
    func reportMissing(_ key: String, hint: String? = nil) {
        guard !mistyped.contains(key) else { return reading.fail(path(of: key)) }
        let complaint = Complaint(
            "\(shape.title) has no `\(key)`",
            hint: hint ?? shape[key].map { "write `\(key)` and \($0.kind.expectation)" })
        reading.report(complaint, at: place, path: path(of: key))
    }

    /// Reports every one of `keys` that is there as having no meaning here.
    func refuse(_ keys: [String], _ reason: String) {
        for key in keys where has(key) { report(Complaint("`\(key)` \(reason)"), key: key) }
    }

    // MARK: Values

    /// The object below `key`; `nil` when it is left out or wrong.
    func object(_ key: String) -> Fields? {
        guard case .object(let inner) = kind(key) else { mismatch(key) }
        guard let entry = entries[key] else { return nil }
        return Fields(entry.value, inner, path: path(of: key), place: entry.keyPlace, reading: reading)
    }

    func duration(_ key: String, into target: inout Duration) {
        guard case .duration(let range) = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in
            try Grammar.within(range, try Grammar.duration(text), Grammar.print)
        }
    }

    func size(_ key: String, into target: inout ByteCount) {
        var size: ByteCount? = target
        self.size(key, into: &size)
        target = size ?? target
    }

    func size(_ key: String, into target: inout ByteCount?) {
        guard case .size(let range) = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in
            try Grammar.within(range, try Grammar.size(text), Grammar.print)
        }
    }

    func integer(_ key: String, into target: inout Int) {
        var number: Int? = target
        integer(key, into: &number)
        target = number ?? target
    }

    func integer(_ key: String, into target: inout Int?) {
        guard case .integer(let range) = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in
            try Grammar.within(range, try Grammar.integer(text)) { "\($0)" }
        }
    }

    func percent(_ key: String, into target: inout Percent) {
        guard case .percent = kind(key) else { mismatch(key) }
        value(key, into: &target, Grammar.percent)
    }

    func amount(_ key: String, into target: inout InstanceAmount) {
        guard case .amount(let max) = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in
            let amount = try Grammar.amount(text)
            if case .count(let count) = amount { _ = try Grammar.within(0...max, count) { "\($0)" } }
            return amount
        }
    }

    func range(_ key: String, into target: inout ClosedRange<Int>) {
        guard case .range = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in try Grammar.instanceCount(text) }
    }

    /// One of the words of a choice, as the raw value of `target`'s type.
    func choice<Value: RawRepresentable<String>>(_ key: String, into target: inout Value) {
        guard case .choice(let words, let notYet) = kind(key) else { mismatch(key) }
        value(key, into: &target) { text throws(Complaint) in
            if words.contains(text), let value = Value(rawValue: text) { return value }
            if notYet.contains(text) {
                throw Complaint("`\(text)` is not supported yet", hint: "supported: \(words.joined(separator: ", "))")
            }
            let near = NearestName.of(text, among: words).map { "did you mean `\($0)`?" }
            throw Complaint(
                "`\(text)` is none of \(words.joined(separator: ", "))", hint: near ?? "write one of them")
        }
    }

    /// The same, for what has no default.
    func choice<Value: RawRepresentable<String>>(_ key: String, into target: inout Value?) {
        guard has(key), case .choice(let words, _) = kind(key), var value = words.first.flatMap(Value.init(rawValue:))
        else {
            return
        }
        choice(key, into: &value)
        target = value
    }

    /// The value of a key whose kind has no range.
    func text<Value>(
        _ key: String, into target: inout Value, _ parse: (String) throws(Complaint) -> Value
    ) {
        value(key, into: &target, parse)
    }

    /// The same, for what has no default.
    func text<Value>(_ key: String, _ parse: (String) throws(Complaint) -> Value) -> Value? {
        var target: Value?
        value(key, into: &target) { text throws(Complaint) in try parse(text) }
        return target
    }

    // MARK: Machinery

    private func value<Value>(
        _ key: String, into target: inout Value, _ parse: (String) throws(Complaint) -> Value
    ) {
        guard let entry = entries[key], let known = shape[key] else { return }
        let keyPath = path(of: key)
        guard let text = reading.scalar(entry.value, key, expected: known.kind.expectation, path: keyPath) else {
            return
        }
        do throws(Complaint) {
            target = try parse(text)
        } catch {
            let complaint = Complaint("\(key): \(error.message)", hint: error.hint)
            reading.report(complaint, at: entry.value.place, path: keyPath)
        }
    }

    private func kind(_ key: String) -> Kind? { shape[key]?.kind }

    private func mismatch(_ key: String) -> Never {
        preconditionFailure("the catalogue has another kind for `\(key)` in the \(shape.name)")
    }

    private var keysHint: String { "its keys are \(shape.supportedNames.joined(separator: ", "))" }

    private func hint(for unknown: String) -> String {
        if let near = NearestName.of(unknown, among: shape.supportedNames) { return "did you mean `\(near)`?" }
        let homes = Catalogue.all.filter { $0.name != shape.name && $0[unknown]?.isSupported == true }.map(\.name)
        if !homes.isEmpty { return "`\(unknown)` is a key of: \(homes.joined(separator: ", "))" }
        return keysHint
    }
}
