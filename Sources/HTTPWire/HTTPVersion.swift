// The version in a request or status line.
// Which versions are served is decided by the parsers.

/// `HTTP/` and two digits (RFC 9112 §2.3).
struct HTTPVersion {
    let major: UInt8
    let minor: UInt8

    /// `nil` unless all of `range` is a version.
    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard range.count == 8 else { return nil }
        let start = range.lowerBound
        // "HTTP/" and "." of a little-endian word; case counts.
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        guard word & 0x00FF_00FF_FFFF_FFFF == 0x002E_002F_5054_5448, ByteScan.isDigit(bytes[start + 5]),
            ByteScan.isDigit(bytes[start + 7])
        else { return nil }
        major = bytes[start + 5] &- 0x30
        minor = bytes[start + 7] &- 0x30
    }
}
