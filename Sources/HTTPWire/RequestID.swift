// The id that joins a request's traces: client, access log, backend.
// Drawing the random bits is the caller's work.

/// Rules for request ids: `[A-Za-z0-9._:-]`, 1 … 128 of them.
package enum RequestID {
    /// Characters of an id of ours.
    package static let length = 32

    /// Whether a client's id may be kept: it goes into logs and heads, so nothing that needs quoting there.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !bytes.isEmpty, bytes.count <= WireLimits.requestIDBytesMax else { return false }
        for offset in 0..<bytes.count where !ByteScan.isIn(ByteClass.requestID, bytes[offset]) { return false }
        return true
    }

    /// Writes an id of ours: 32 hexadecimal digits from 128 random bits.
    package static func write(_ random: (UInt64, UInt64), into writer: inout ByteWriter) {
        writer.append(hexadecimal16: random.0)
        writer.append(hexadecimal16: random.1)
    }
}
