// Takes comments and string literals out of Swift text, so that a rule about words is not broken by prose.

/// Swift text without its comments and string literals. Code inside an interpolation goes with its string.
struct CodeOnly {
    private let bytes: [UInt8]
    private var position = 0

    static func text(of source: String) -> String {
        var scanner = CodeOnly(bytes: Array(source.utf8))
        return String(decoding: scanner.code(), as: UTF8.self)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func code() -> [UInt8] {
        var code: [UInt8] = []
        while position < bytes.count {
            if isAt("//") {
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            } else if isAt("/*") {
                skipBlockComment()
            } else if !skipString() {
                code.append(bytes[position])
                position += 1
            }
        }
        return code
    }

    private func isAt(_ text: String) -> Bool {
        bytes[position...].starts(with: text.utf8)
    }

    /// Block comments nest in Swift.
    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if isAt("/*") {
                depth += 1
                position += 2
            } else if isAt("*/") {
                depth -= 1
                position += 2
            } else {
                position += 1
            }
        } while depth > 0 && position < bytes.count
    }

    /// Passes the string literal that begins here; `false` when none does.
    private mutating func skipString() -> Bool {
        let hashes = String(repeating: "#", count: bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count)
        guard bytes[(position + hashes.count)...].first == UInt8(ascii: "\"") else { return false }
        position += hashes.count
        let quotes = isAt("\"\"\"") ? "\"\"\"" : "\""
        position += quotes.count
        while position < bytes.count, !isAt(quotes + hashes) {
            if isAt("\\" + hashes + "(") {
                position += 2 + hashes.count
                skipInterpolation()
            } else if isAt("\\" + hashes) {
                position += 2 + hashes.count
            } else {
                position += 1
            }
        }
        position = min(position + quotes.count + hashes.count, bytes.count)
        return true
    }

    /// Interpolations hold code, which may hold strings again.
    private mutating func skipInterpolation() {
        var depth = 1
        while depth > 0, position < bytes.count {
            if skipString() { continue }
            if bytes[position] == UInt8(ascii: "(") { depth += 1 }
            if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
            position += 1
        }
    }
}
