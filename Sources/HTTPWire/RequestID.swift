// The id that joins a request's traces: client, access log, backend.

/// Rules for request ids: `[A-Za-z0-9._:-]`, 1 … 128 of them.
package enum RequestID {
    /// Characters of an id of ours.
    package static let length = 32

    /// Whether a client's id may be kept.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        false
    }

    /// Writes an id of ours: 32 hexadecimal digits from 128 random bits.
    package static func write(_ random: (UInt64, UInt64), into writer: inout ByteWriter) {
    }
}
