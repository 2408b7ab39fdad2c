// A YAML mapping after its keys were checked.

/// A mapping whose keys are all known.
struct YAMLMapping {
    let values: [String: YAMLValue]
    /// As in the file.
    let keysInOrder: [String]
    let value: YAMLValue

    subscript(key: String) -> YAMLValue? { values[key] }

    /// Complains unless exactly one of `keys` is there, and names it.
    func exactlyOne(of keys: [String]) -> String? {
        let present = keys.filter { values[$0] != nil }
        guard present.count == 1 else {
            value.problem("needs exactly one of \(keys.joined(separator: ", "))")
            return nil
        }
        return present[0]
    }
}
