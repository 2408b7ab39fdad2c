// `run` as one string: split into words the way a shell would, and nothing else a shell does.

/// Splits a command line into words. Pure.
enum WordSplitter {
    private static let shellSigns: Set<String> = ["&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "2>"]

    /// Words are parted by blanks. `'…'` is taken as it stands; in `"…"` a backslash escapes `"`, `\` and `$`; outside
    /// of quotes it escapes anything, and joins lines. `${…}` is one piece, whatever is in it. Refused: what only a shell understands
    /// (`&&`, `|`, `>`, `NAME=value` in front).
    static func words(_ text: String) throws(Complaint) -> [String] {
        var words: [String] = []
        var rest = text[...]
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.hasPrefix("\\\n") {
                rest = rest.dropFirst(2)
                continue
            }
            guard !rest.isEmpty else { break }
            let start = rest
            let word = try nextWord(&rest)
            let written = String(start[..<rest.startIndex])
            if shellSigns.contains(written) {
                throw Complaint(
                    "`\(written)` needs a shell, and `run` has none", hint: "write `run: [sh, -c, \"…\"]`, with `exec`")
            }
            words.append(word)
        }
        guard let first = words.first else { throw Complaint("the command is empty") }
        if let equals = first.firstIndex(of: "="), VariableExpansion.isName(first[..<equals]) {
            throw Complaint(
                "`\(first[...equals])…` in front of a command needs a shell, and `run` has none",
                hint: "write `env: { \(first[..<equals]): … }` beside `run`")
        }
        return words
    }

    private static func nextWord(_ rest: inout Substring) throws(Complaint) -> String {
        var word = ""
        while let character = rest.first, !character.isWhitespace {
            switch character {
            case "'":
                rest = rest.dropFirst()
                guard let close = rest.firstIndex(of: "'") else { throw Complaint("a ' is not closed") }
                word += rest[..<close]
                rest = rest[rest.index(after: close)...]
            case "\"":
                rest = rest.dropFirst()
                try quoted(&rest, into: &word)
            case "\\":
                rest = rest.dropFirst()
                guard let escaped = rest.popFirst() else { throw Complaint("the command ends in a backslash") }
                // `\$` is a dollar sign that the supervisor leaves alone.
                word += escaped == "$" ? "$$" : escaped == "\n" ? "" : String(escaped)
            default:
                takePiece(&rest, into: &word)
            }
        }
        return word
    }

    /// The rest of a `"…"`, behind its first quote.
    private static func quoted(_ rest: inout Substring, into word: inout String) throws(Complaint) {
        while let character = rest.first {
            if character == "\"" {
                rest = rest.dropFirst()
                return
            }
            if character == "\\", let next = rest.dropFirst().first, "\"\\$".contains(next) {
                rest = rest.dropFirst(2)
                word += next == "$" ? "$$" : String(next)
                continue
            }
            takePiece(&rest, into: &word)
        }
        throw Complaint("a \" is not closed")
    }

    /// One character, or a whole `${…}`.
    private static func takePiece(_ rest: inout Substring, into word: inout String) {
        if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
            word += rest[...close]
            rest = rest[rest.index(after: close)...]
        } else {
            word.append(rest.removeFirst())
        }
    }
}
