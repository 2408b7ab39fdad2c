// Settings as a tree of keys and texts: what the effective configuration prints and what differences are found in.
// The one place that knows how a value is spelt in a file; a test reads every outline back.

/// A node of the tree.
indirect enum Outline: Hashable {
    /// Text that needs no quotes: numbers, durations, words of a choice.
    case plain(String)
    /// The operator's own text; quoted when it must be.
    case text(String)
    /// A value that variables are filled into once more per instance; `$` stays as it is.
    case template(String)
    /// The words of a command, or names.
    case words([Outline])
    /// A key that is left out: what that means.
    case unset(String)
    case mapping([Entry])
    /// `label` names the item when differences are shown.
    case list([Item])

    struct Entry: Hashable {
        var key: String
        var value: Outline
    }

    struct Item: Hashable {
        var label: String
        var value: Outline
    }

    /// Whether it is written on the line of its key.
    var isInline: Bool {
        switch self {
        case .plain, .text, .template, .words, .unset: true
        case .mapping, .list: false
        }
    }

    /// As it is written behind its key; only for what is inline.
    var written: String {
        switch self {
        case .plain(let text): text
        case .text(let text): Self.quoted(VariableExpansion.escaped(text))
        case .template(let text): Self.quoted(text)
        case .words(let words): "[" + words.map(\.written).joined(separator: ", ") + "]"
        case .unset(let meaning): meaning
        case .mapping, .list: ""
        }
    }

    /// Quoted unless it is a plain word that YAML can't take for anything else.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
                || "/._-".utf8.contains(byte)
        }
        if isPlain, let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "."),
            text.lowercased() != "null"
        {
            return text
        }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let code = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - code.count) + code
            }
        }
        return quoted + "\""
    }
}
