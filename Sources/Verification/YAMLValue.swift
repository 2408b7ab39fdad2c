// Strict reading of YAML: every node knows its place, every wrong one leaves a problem behind, and reading goes on, so
// that all problems are told at once.

import Vocabulary
import Yams

/// One node of the file, its place and its name in messages.
struct YAMLValue {
    let node: Node
    /// `load[0].http.path`.
    let path: String
    let list: ProblemList

    var isSequence: Bool { if case .sequence = node { true } else { false } }
    var isScalar: Bool { if case .scalar = node { true } else { false } }

    func problem(_ message: String) {
        list.add("\(path): \(message)", line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    /// The mapping, after complaining about every key that is not in `keys`.
    func mapping(keys: [String], required: [String] = []) -> YAMLMapping? {
        guard case .mapping(let mapping) = node else {
            problem("is not a mapping of keys to values")
            return nil
        }
        var values: [String: YAMLValue] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                problem("has a key that is not a word")
                continue
            }
            let name = scalar.string
            guard keys.isEmpty || keys.contains(name) else {
                let place = path.isEmpty ? "" : " in \(path)"
                let hint = NearestKey.suggestion(for: name, among: keys)
                list.add(
                    "unknown key \"\(name)\"\(place)\(hint); known are \(keys.joined(separator: ", "))",
                    line: key.mark?.line ?? 0, column: key.mark?.column ?? 0)
                continue
            }
            values[name] = YAMLValue(node: value, path: path.isEmpty ? name : "\(path).\(name)", list: list)
        }
        for key in required where values[key] == nil { problem("lacks the key \"\(key)\"") }
        return YAMLMapping(values: values, keysInOrder: mapping.keys.compactMap(\.string), value: self)
    }

    var sequence: [YAMLValue]? {
        guard case .sequence(let sequence) = node else {
            problem("is not a list")
            return nil
        }
        return sequence.enumerated().map { YAMLValue(node: $1, path: "\(path)[\($0)]", list: list) }
    }

    /// The scalar as it is written.
    var text: String? {
        guard case .scalar(let scalar) = node else {
            problem("is not a single value")
            return nil
        }
        return scalar.string
    }

    func read<Value>(_ form: String, _ reader: (String) -> Value?) -> Value? {
        guard let text else { return nil }
        guard let value = reader(text) else {
            problem("\"\(text)\" is not \(form)")
            return nil
        }
        return value
    }

    var duration: Duration? { read("a duration; \(Quantities.durationForms)", Quantities.duration) }
    var rate: Double? { read("a rate; write it as 200/s or 30/m", Quantities.rate) }
    var share: Double? { read("a share; write it as 20%", Quantities.share) }

    var bool: Bool? {
        read("true or false") { ["true": true, "false": false][$0] }
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        read("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// One of the raw values of a closed set.
    func choice<Choice: CaseIterable & RawRepresentable>(_ type: Choice.Type = Choice.self) -> Choice?
    where Choice.RawValue == String {
        let known = Choice.allCases.map(\.rawValue)
        guard let text else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        problem(
            "unknown \"\(text)\"\(NearestKey.suggestion(for: text, among: known)); known are \(known.joined(separator: ", "))"
        )
        return nil
    }

    func template(_ variables: [String: String]) -> Template? {
        guard let text else { return nil }
        do {
            return try Template(text, variable: { variables[$0] })
        } catch {
            problem(error.message)
            return nil
        }
    }
}
