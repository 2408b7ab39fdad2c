// Files in `Tests/Fixtures`, which other tests read as well, and the escapes in them.

/// Reads `Tests/Fixtures`.
enum Fixture {
    private static let here = #filePath

    static func text(_ file: String) -> String {
        let folder = here.split(separator: "/").dropLast(3).joined(separator: "/")
        return readFile("/\(folder)/Fixtures/\(file)")
    }

    /// `\r`, `\n`, `\t`, `\\` and `\xHH` as in C; everything else is itself.
    static func unescaped(_ text: some StringProtocol) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let code = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch code {
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "x"):
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
                rest = rest.dropFirst(2)
            default: bytes.append(code)
            }
        }
        return bytes
    }

    /// The reverse, for messages.
    static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case 0x5C: "\\\\"
            case 0x20..<0x7F: String(Unicode.Scalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
