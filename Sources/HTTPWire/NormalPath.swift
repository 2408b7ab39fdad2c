// The one form of a path that routes are matched against and that backends get.
//
// Why backends get it too, and not the path as it was sent: a route that guards `/admin` must see what the backend will
// serve. Whichever of `/a/../admin`, `/%61dmin` and `/admin/` a client writes, router and backend read the same bytes, so
// that neither can be told a different story. RFC 9110 §7.7 binds proxies to leave the path alone; we are a gateway
// (§3.7), the origin server as far as the client can see, and the two forms are equivalent by §4.2.3.
// What a backend may tell apart stays as it was sent: the query, repeated slashes, and escapes of reserved characters.
//
// Decided (RFC 3986 §6.2.2):
// - escapes of unreserved characters are decoded, once: `%252e` stays what it is;
// - dot segments are removed, `..` above the root goes nowhere (§5.2.4); repeated slashes are kept, they name segments;
// - `%2F` is data within a segment, not a separator (§2.2): it routes and goes on as `%2F`;
// - refused (`HeadError.unsafePath`): a dot segment that only some backends would see, next to `%2F` (`..%2fadmin`) or
//   in front of a parameter (`..;x`, which Java servers resolve). `\`, `%5C` and `%00` are refused by `RequestLine`.

/// Makes the normal form of paths. Pure, without allocation, in linear time.
package enum NormalPath {
    /// Writes the normal form of the path for the backend. One whose normal form is as long differs at most in the case of
    /// its hexadecimal digits, and is written as it came: signatures over raw targets survive.
    static func write(_ bytes: UnsafeRawBufferPointer, _ path: Range<Int>, into writer: inout ByteWriter) {
        guard let target = writer.reserve(path.count) else { return }
        let room = UnsafeMutableRawBufferPointer(start: target, count: path.count)
        let source = UnsafeRawBufferPointer(rebasing: bytes[path])
        let length = normalise(source, into: room)
        if length == path.count { room.copyMemory(from: source) }
        writer.giveBack(path.count - length)
    }

    /// Writes the normal form of `path`, which begins with a slash and was found safe, and returns its length: 1 …
    /// `path.count`. `room` holds at least `path.count` bytes. Hexadecimal digits become upper case.
    package static func normalise(_ path: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
        precondition(room.count >= path.count && path.count > 0, "\(room.count) bytes for \(path.count)")
        room[0] = path[0]
        var (count, offset, segment) = (1, 1, 1)
        while offset <= path.count {
            let isEnd = offset == path.count
            let byte = isEnd ? 0x2F : path[offset]
            guard byte == 0x2F else {
                guard byte == 0x25, let escape = Escape(path, offset) else {
                    room[count] = byte
                    (count, offset) = (count + 1, offset + 1)
                    continue
                }
                if escape.isUnreserved {
                    room[count] = escape.value
                    count += 1
                } else {
                    room[count] = 0x25
                    room[count + 1] = upper(path[offset + 1])
                    room[count + 2] = upper(path[offset + 2])
                    count += 3
                }
                offset += 3
                continue
            }
            offset += 1
            switch dots(UnsafeRawBufferPointer(room), segment..<count) {
            case 1: count = segment
            case 2: count = parent(UnsafeRawBufferPointer(room), of: segment)
            default:
                if isEnd { return count }
                room[count] = 0x2F
                count += 1
            }
            segment = count
        }
        return count
    }

    /// The normal form of a path in a text: of a route, or of one that is to be explained. As it is, when it does not begin
    /// with a slash.
    package static func of(_ text: String) -> String {
        var copy = text
        return copy.withUTF8 { bytes in
            guard bytes.first == 0x2F else { return text }
            return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { room in
                let length = normalise(UnsafeRawBufferPointer(bytes), into: room)
                return String(decoding: room[..<length], as: UTF8.self)
            }
        }
    }

    /// Whether every reader sees the same dot segments in the path.
    static func isSafe(_ path: UnsafeRawBufferPointer) -> Bool {
        // Dots since the last separator, negative once there was anything else; separators within this segment.
        var (dotCount, hiddenSeparators, offset) = (0, 0, 0)
        var hasParameter = false
        while offset < path.count {
            let escape = path[offset] == 0x25 ? Escape(path, offset) : nil
            let byte = escape?.value ?? path[offset]
            offset += escape == nil ? 1 : 3
            switch byte {
            case 0x2F:
                let isHidden = hasParameter || hiddenSeparators > 0 || escape != nil
                if isHidden, dotCount == 1 || dotCount == 2 { return false }
                (dotCount, hasParameter) = (0, false)
                hiddenSeparators = escape == nil ? 0 : hiddenSeparators + 1
            case 0x3B: hasParameter = true
            case 0x2E where dotCount >= 0 && !hasParameter: dotCount += 1
            default: if !hasParameter { dotCount = -1 }
            }
        }
        return !(hasParameter || hiddenSeparators > 0) || dotCount != 1 && dotCount != 2
    }

    /// 1 for `.`, 2 for `..`, 0 for any other segment.
    private static func dots(_ bytes: UnsafeRawBufferPointer, _ segment: Range<Int>) -> Int {
        guard segment.count == 1 || segment.count == 2 else { return 0 }
        return segment.allSatisfy { bytes[$0] == 0x2E } ? segment.count : 0
    }

    /// Where the segment before the one at `segment` begins; the root has none.
    private static func parent(_ bytes: UnsafeRawBufferPointer, of segment: Int) -> Int {
        var start = segment - 1
        while start > 0, bytes[start - 1] != 0x2F { start -= 1 }
        return max(start, 1)
    }

    private static func upper(_ byte: UInt8) -> UInt8 { byte >= 0x61 && byte <= 0x66 ? byte - 0x20 : byte }

    /// `%HH`.
    private struct Escape {
        let value: UInt8

        init?(_ bytes: UnsafeRawBufferPointer, _ offset: Int) {
            guard offset + 2 < bytes.count, let high = ByteScan.hexValue(bytes[offset + 1]),
                let low = ByteScan.hexValue(bytes[offset + 2])
            else { return nil }
            value = high << 4 | low
        }

        /// Letters, digits and `-._~` (RFC 3986 §2.3).
        var isUnreserved: Bool { ByteScan.isIn(ByteClass.host, value) }
    }
}
