// `host[:port]`, in a `Host` field or an absolute target.
// Syntax only: whether a host is known, or routed, is not decided here.

enum Authority {
    /// Whether `range` is a host with an optional port.
    ///
    /// Stricter than RFC 3986 §3.2: a registered name is letters, digits, `-._~` only. Percent escapes and the
    /// sub-delimiters `!$&'()*+,;=` are in no DNS name, but in attacks on programs that build links from `Host`. No user
    /// information (RFC 9110 §4.2.4). Not empty: an `http` URI needs a host (§4.2.1). The port may be empty (`host:`).
    static func isValid(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty, range.count <= WireLimits.hostBytesMax else { return false }
        var offset = range.lowerBound
        if bytes[offset] == 0x5B {
            offset += 1
            let start = offset
            var colons = 0
            while offset < range.upperBound, bytes[offset] != 0x5D {
                let byte = bytes[offset]
                colons += byte == 0x3A ? 1 : 0
                guard ByteScan.hexValue(byte) != nil || byte == 0x3A || byte == 0x2E else { return false }
                offset += 1
            }
            // The longest IPv6 address has 45 characters (an IPv4 address at its end), the shortest is `::`.
            guard offset < range.upperBound, colons >= 2, offset - start <= 45 else { return false }
            offset += 1
        } else {
            while offset < range.upperBound, ByteScan.isIn(ByteClass.host, bytes[offset]) { offset &+= 1 }
            guard offset > range.lowerBound else { return false }
        }
        return offset == range.upperBound || bytes[offset] == 0x3A && isPort(bytes, offset + 1..<range.upperBound)
    }

    private static func isPort(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        range.isEmpty || range.count <= 5 && (ByteScan.decimal(bytes, range).map { $0 <= 65_535 } ?? false)
    }
}
