// Reads the malformed messages that every test of the border shares, from `Tests/Fixtures`.
// Whole-program tests read the same files.

import Glibc
import Testing

/// One line of a fixture: `name TAB status TAB bytes`.
struct MalformedCase: CustomTestStringConvertible, Sendable {
    var name: String
    var status: Int
    var bytes: [UInt8]

    var testDescription: String { name }

    /// All cases of a file in `Tests/Fixtures`; lines beginning with `#` are comments.
    static func read(_ file: String, from source: String = #filePath) -> [MalformedCase] {
        let folder = source.split(separator: "/").dropLast(2).joined(separator: "/")
        let contents = readText("/\(folder)/Fixtures/\(file)")
        return contents.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            precondition(columns.count == 3, "not three columns: \(line)")
            return MalformedCase(name: String(columns[0]), status: Int(columns[1])!, bytes: unescaped(columns[2]))
        }
    }

    /// `\r`, `\n`, `\t`, `\\` and `\xHH` as in C; everything else is itself.
    private static func unescaped(_ text: Substring) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
                rest = rest.dropFirst(2)
            default: preconditionFailure("unknown escape in \(text)")
            }
        }
        return result
    }

    private static func readText(_ path: String) -> String {
        guard let file = fopen(path, "r") else { preconditionFailure("cannot open \(path)") }
        defer { fclose(file) }
        var contents: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&block, 1, block.count, file), count > 0 { contents += block[..<count] }
        return String(decoding: contents, as: UTF8.self)
    }
}
