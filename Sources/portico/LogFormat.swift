// How `portico logs` prints lines.

import Control
import Foundation

/// Lines with their instance in front, for people or programs.
struct LogFormat {
    private struct JSONLine: Encodable {
        var instance: String
        var line: String
    }

    private let json: Bool
    /// Grows with the longest name seen, so that the texts stay below each other.
    private var width = 0

    init(json: Bool) {
        self.json = json
    }

    mutating func write(_ lines: [LogLine]) {
        widen(to: lines)
        Terminal.write(lines.flatMap(bytes))
    }

    mutating func widen(to lines: [LogLine]) {
        width = lines.map(\.instance.count).reduce(width, max)
    }

    /// One line with its line feed. For people the bytes are passed on as they are; JSON needs them to be UTF-8, and
    /// what is not becomes U+FFFD.
    func bytes(of line: LogLine) -> [UInt8] {
        let feed = [UInt8(ascii: "\n")]
        guard json else {
            let space = String(repeating: " ", count: max(0, width - line.instance.count))
            return Array("\(line.instance)\(space) | ".utf8) + line.text + feed
        }
        let value = JSONLine(instance: line.instance, line: String(decoding: line.text, as: UTF8.self))
        do {
            return Array(try AdminJSON.encode(value)) + feed
        } catch {
            // Two strings always encode.
            preconditionFailure("a log line does not encode: \(error)")
        }
    }
}
