// As much of JSON as the schema needs to be printed: keys in the order they were given.

/// A JSON value to print.
indirect enum JSONText: Sendable {
    case string(String)
    case number(Int)
    case bool(Bool)
    case array([JSONText])
    case object([(String, JSONText)])

    /// Indented by two blanks per level.
    func printed(indent: Int = 0) -> String {
        let blanks = String(repeating: " ", count: indent)
        switch self {
        case .string(let text): return Self.quoted(text)
        case .number(let number): return "\(number)"
        case .bool(let bool): return "\(bool)"
        case .array(let items):
            return "[" + items.map { $0.printed(indent: indent) }.joined(separator: ", ") + "]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { "\(blanks)  \(Self.quoted($0.0)): \($0.1.printed(indent: indent + 2))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(blanks)}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default:
                precondition(scalar.value >= 0x20, "the schema is made of our own texts, without control characters")
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
