// Frames and heads, read. The HPACK decoder is libnghttp2's.

import CNghttp2

/// Reads frames and their heads. The decoder is libnghttp2's.
package final class FrameReader {
    private var unread: [UInt8] = []
    private let inflater: OpaquePointer

    package init() {
        var made: OpaquePointer?
        precondition(nghttp2_hd_inflate_new(&made) == 0)
        inflater = made!
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    /// The frames that are complete.
    package func read(_ bytes: [UInt8]) -> [Frame] {
        unread += bytes
        var frames: [Frame] = []
        while unread.count >= 9 {
            let size = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
            guard unread.count >= 9 + size else { break }
            let stream = unread[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
            frames.append(
                Frame(type: unread[3], flags: unread[4], stream: stream, payload: Array(unread[9..<9 + size])))
            unread.removeFirst(9 + size)
        }
        return frames
    }

    /// The fields of a HEADERS frame that is complete in itself: `name: value`, in order.
    package func fields(_ frame: Frame) -> [String] {
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
