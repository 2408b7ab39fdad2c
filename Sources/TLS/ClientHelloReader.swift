// The server name of a TLS connection that is passed on unopened: read from the ClientHello, which goes on untouched.
// Pure; no OpenSSL.

/// What the first bytes of a connection say.
package enum ClientHello: Hashable, Sendable {
    /// More bytes are needed.
    case incomplete
    /// A ClientHello: how many bytes of its server name were written, 0 when it has none.
    case complete(nameCount: Int)
    /// Something else, or a hello that breaks RFC 8446 §4.1.2 or RFC 6066 §3.
    case malformed
}

/// Reads TLS records as far as the server name.
package enum ClientHelloReader {
    /// Of a hello, record headers included; a longer one is malformed. (The largest in use, with post-quantum key
    /// shares, have about 2 KiB.)
    package static let bytesMax = 16 * 1024
    /// A host name has at most 255 bytes (RFC 1035 §2.3.4).
    package static let nameBytesMax = 255

    /// Reads `bytes`, all that came so far, from the start. `name` has room for `nameBytesMax` bytes.
    ///
    /// A hello may be split over several records (RFC 8446 §5.1). Allocates nothing. Cost: O(bytes).
    package static func read(
        _ bytes: UnsafeRawBufferPointer, name: UnsafeMutableRawBufferPointer
    ) -> ClientHello {
        var fragments = HandshakeBytes(bytes)
        do throws(Stop) {
            guard try fragments.byte() == 1 else { return .malformed }
            let length = try fragments.number(3)
            guard length <= bytesMax else { return .malformed }
            fragments.bound(length)
            try fragments.skip(2 + 32)
            try fragments.skip(fragments.number(1))
            try fragments.skip(fragments.number(2))
            try fragments.skip(fragments.number(1))
            // Extensions may be left out (RFC 5246 §7.4.1.2).
            guard !fragments.isAtBound else { return .complete(nameCount: 0) }
            let extensionsCount = try fragments.number(2)
            guard extensionsCount == fragments.remaining else { return .malformed }
            while !fragments.isAtBound {
                let kind = try fragments.number(2)
                let count = try fragments.number(2)
                guard count <= fragments.remaining else { return .malformed }
                guard kind == 0 else {
                    try fragments.skip(count)
                    continue
                }
                return try readName(&fragments, count, name)
            }
            return .complete(nameCount: 0)
        } catch {
            switch error {
            case .needsMore: return bytes.count < bytesMax ? .incomplete : .malformed
            case .malformed: return .malformed
            }
        }
    }

    private static func readName(
        _ fragments: inout HandshakeBytes, _ count: Int, _ name: UnsafeMutableRawBufferPointer
    ) throws(Stop) -> ClientHello {
        // A list of one entry in practice: `host_name` is the only kind there ever was.
        guard count >= 5, try fragments.number(2) == count - 2, try fragments.byte() == 0 else { return .malformed }
        let nameCount = try fragments.number(2)
        guard nameCount == count - 5, nameCount > 0, nameCount <= min(nameBytesMax, name.count) else {
            return .malformed
        }
        for index in 0..<nameCount {
            let byte = try fragments.byte()
            // No control bytes, no spaces, nothing beyond ASCII: it is compared and logged.
            guard byte > 0x20, byte < 0x7f else { return .malformed }
            name[index] = UInt8(byte)
        }
        return .complete(nameCount: nameCount)
    }

    private enum Stop: Error {
        case needsMore
        case malformed
    }

    /// The bytes of the first handshake message, without the headers of the records that carry them.
    private struct HandshakeBytes {
        private let bytes: UnsafeRawBufferPointer
        private var offset = 0
        private var recordLeft = 0
        /// Bytes of the message that are left; before its length is known: no bound.
        private(set) var remaining = Int.max

        init(_ bytes: UnsafeRawBufferPointer) {
            self.bytes = bytes
        }

        var isAtBound: Bool { remaining == 0 }

        mutating func bound(_ count: Int) {
            remaining = count
        }

        mutating func byte() throws(Stop) -> Int {
            guard remaining > 0 else { throw .malformed }
            try openRecord()
            defer {
                offset += 1
                recordLeft -= 1
                remaining -= 1
            }
            return Int(bytes[offset])
        }

        mutating func number(_ count: Int) throws(Stop) -> Int {
            var number = 0
            for _ in 0..<count { number = number << 8 | Int(try byte()) }
            return number
        }

        mutating func skip(_ count: Int) throws(Stop) {
            guard count <= remaining else { throw .malformed }
            var left = count
            while left > 0 {
                try openRecord()
                let step = min(left, recordLeft, bytes.count - offset)
                offset += step
                recordLeft -= step
                remaining -= step
                left -= step
            }
        }

        /// Makes sure that a byte of the message is at `offset`.
        private mutating func openRecord() throws(Stop) {
            while recordLeft == 0 {
                // What there is of a header must fit already: a client that speaks something else is told at once.
                if offset < bytes.count, bytes[offset] != 22 { throw .malformed }
                if offset + 1 < bytes.count, bytes[offset + 1] != 3 { throw .malformed }
                guard offset + 5 <= bytes.count else { throw .needsMore }
                recordLeft = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
                guard recordLeft > 0, recordLeft <= 16 * 1024 else { throw .malformed }
                offset += 5
            }
            guard offset < bytes.count else { throw .needsMore }
        }
    }
}
