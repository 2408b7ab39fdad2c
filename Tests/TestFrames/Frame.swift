// Frames of HTTP/2, made and read by hand (RFC 9113 §4, §6), so that a test can say what no library would.

/// One frame as it is on the wire.
package struct Frame: Equatable, Sendable {
    package var type: UInt8
    package var flags: UInt8 = 0
    package var stream: UInt32 = 0
    package var payload: [UInt8] = []

    package init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    package static let data: UInt8 = 0
    package static let headers: UInt8 = 1
    package static let priority: UInt8 = 2
    package static let reset: UInt8 = 3
    package static let settings: UInt8 = 4
    package static let ping: UInt8 = 6
    package static let goAway: UInt8 = 7
    package static let windowUpdate: UInt8 = 8
    package static let continuation: UInt8 = 9

    package static let endStream: UInt8 = 1
    package static let acknowledges: UInt8 = 1
    package static let endHeaders: UInt8 = 4

    package var bytes: [UInt8] {
        let size = payload.count
        return [
            UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags, UInt8(stream >> 24),
            UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255),
        ] + payload
    }

    package var endsStream: Bool { flags & Self.endStream != 0 }

    /// The number in four bytes of the payload.
    package func number(at offset: Int) -> UInt32 { payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    /// The error of a RST_STREAM or GOAWAY.
    package var error: UInt32 { number(at: type == Self.goAway ? 4 : 0) }

    package static func four(_ number: UInt32) -> [UInt8] {
        [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
    }

    // MARK: Made by hand

    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    package static func settings(_ entries: [(UInt16, UInt32)] = []) -> Frame {
        Frame(
            type: settings,
            payload: entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + four($0.1) })
    }

    /// Literal fields without indexing and without Huffman coding (RFC 7541 §6.2.2).
    package static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var length: [UInt8] = []
        if bytes.count < 127 {
            length = [UInt8(bytes.count)]
        } else {
            length = [127]
            var rest = bytes.count - 127
            while rest >= 128 {
                length.append(UInt8(rest & 127 | 128))
                rest >>= 7
            }
            length.append(UInt8(rest))
        }
        return length + bytes
    }

    package static func request(_ stream: UInt32, _ fields: [(String, String)], isLast: Bool = true) -> Frame {
        Frame(type: headers, flags: endHeaders | (isLast ? endStream : 0), stream: stream, payload: block(fields))
    }

    /// A plain GET.
    package static func get(_ stream: UInt32, _ path: String = "/", isLast: Bool = true) -> Frame {
        request(
            stream, [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "h")], isLast: isLast)
    }

    package static func post(_ stream: UInt32, _ fields: [(String, String)] = []) -> Frame {
        request(
            stream, [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")] + fields,
            isLast: false)
    }

    package static func data(_ stream: UInt32, _ bytes: [UInt8], isLast: Bool = false) -> Frame {
        Frame(type: data, flags: isLast ? endStream : 0, stream: stream, payload: bytes)
    }

    package static func data(_ stream: UInt32, _ text: String, isLast: Bool = false) -> Frame {
        data(stream, Array(text.utf8), isLast: isLast)
    }

    package static func reset(_ stream: UInt32, _ error: UInt32 = 8) -> Frame {
        Frame(type: reset, stream: stream, payload: four(error))
    }

    package static func windowUpdate(_ stream: UInt32, _ size: UInt32) -> Frame {
        Frame(type: windowUpdate, stream: stream, payload: four(size))
    }
}
