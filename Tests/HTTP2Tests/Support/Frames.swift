// Frames of HTTP/2, made and read by hand (RFC 9113 §4, §6), so that a test can say what no library would.

import CNghttp2

/// One frame as it is on the wire.
struct Frame: Equatable {
    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9

    static let endStream: UInt8 = 1
    static let acknowledges: UInt8 = 1
    static let endHeaders: UInt8 = 4

    var bytes: [UInt8] {
        let size = payload.count
        return [
            UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags, UInt8(stream >> 24),
            UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255),
        ] + payload
    }

    var endsStream: Bool { flags & Self.endStream != 0 }

    /// The number in four bytes of the payload.
    func number(at offset: Int) -> UInt32 { payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    /// The error of a RST_STREAM or GOAWAY.
    var error: UInt32 { number(at: type == Self.goAway ? 4 : 0) }

    static func four(_ number: UInt32) -> [UInt8] {
        [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
    }

    // MARK: Made by hand

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func settings(_ entries: [(UInt16, UInt32)] = []) -> Frame {
        Frame(
            type: settings,
            payload: entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + four($0.1) })
    }

    /// Literal fields without indexing and without Huffman coding (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
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

    static func request(_ stream: UInt32, _ fields: [(String, String)], isLast: Bool = true) -> Frame {
        Frame(type: headers, flags: endHeaders | (isLast ? endStream : 0), stream: stream, payload: block(fields))
    }

    /// A plain GET.
    static func get(_ stream: UInt32, _ path: String = "/", isLast: Bool = true) -> Frame {
        request(
            stream, [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "h")], isLast: isLast)
    }

    static func post(_ stream: UInt32, _ fields: [(String, String)] = []) -> Frame {
        request(
            stream, [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")] + fields,
            isLast: false)
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], isLast: Bool = false) -> Frame {
        Frame(type: data, flags: isLast ? endStream : 0, stream: stream, payload: bytes)
    }

    static func data(_ stream: UInt32, _ text: String, isLast: Bool = false) -> Frame {
        data(stream, Array(text.utf8), isLast: isLast)
    }

    static func reset(_ stream: UInt32, _ error: UInt32 = 8) -> Frame {
        Frame(type: reset, stream: stream, payload: four(error))
    }

    static func windowUpdate(_ stream: UInt32, _ size: UInt32) -> Frame {
        Frame(type: windowUpdate, stream: stream, payload: four(size))
    }
}

/// Reads frames and their heads. The decoder is libnghttp2's.
final class FrameReader {
    private var unread: [UInt8] = []
    private let inflater: OpaquePointer

    init() {
        var made: OpaquePointer?
        precondition(nghttp2_hd_inflate_new(&made) == 0)
        inflater = made!
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    /// The frames that are complete.
    func read(_ bytes: [UInt8]) -> [Frame] {
        unread += bytes
        var frames: [Frame] = []
        while unread.count >= 9 {
            let size = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
            guard unread.count >= 9 + size else { break }
            let stream = unread[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
            frames.append(Frame(type: unread[3], flags: unread[4], stream: stream, payload: Array(unread[9..<9 + size])))
            unread.removeFirst(9 + size)
        }
        return frames
    }

    /// The fields of a HEADERS frame that is complete in itself: `name: value`, in order.
    func fields(_ frame: Frame) -> [String] {
        var fields: [String] = []
        var block = frame.payload
        var offset = 0
        while true {
            var field = nghttp2_nv()
            var flags: Int32 = 0
            let count = block.withUnsafeMutableBufferPointer { room in
                nghttp2_hd_inflate_hd2(inflater, &field, &flags, room.baseAddress! + offset, room.count - offset, 1)
            }
            precondition(count >= 0, "bad header block")
            offset += count
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = String(decoding: UnsafeBufferPointer(start: field.name, count: field.namelen), as: UTF8.self)
                let value = String(
                    decoding: UnsafeBufferPointer(start: field.value, count: field.valuelen), as: UTF8.self)
                fields.append("\(name): \(value)")
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                nghttp2_hd_inflate_end_headers(inflater)
                return fields
            }
        }
    }
}
