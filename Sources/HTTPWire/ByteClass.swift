// Which bytes may stand where (RFC 9110 §5.6.2, RFC 9112 §3.2, RFC 3986 §3.2.2), as one table: a load and a test per byte.
// (Two 64-bit masks took 14 instructions per byte of a name, this takes 6.)

/// The classes of bytes, as bits of a table.
enum ByteClass {
    /// `tchar`: letters, digits and ``!#$%&'*+-.^_`|~``.
    static let token: UInt8 = 1
    /// Any byte of a path that ends or changes nothing: visible ASCII without `#`, `%`, `.`, `?` and `\`.
    ///
    /// More than RFC 3986 allows: browsers send `"`, `|`, `{`, `}` and `^` bare, and none of them moves the end of the
    /// target. A `#` must not be sent (RFC 9112 §3.2), the others need a closer look (a dot: only behind a slash).
    static let plainTarget: UInt8 = 2
    /// Letters, digits and `-._~`: a registered name as the DNS knows it, and underscores.
    static let host: UInt8 = 4
    static let underscore: UInt8 = 8
    /// `[A-Za-z0-9._:-]`: what a request id may hold.
    static let requestID: UInt8 = 16

    /// The classes of `byte`.
    @inline(__always)
    static subscript(byte: UInt8) -> UInt8 { table[Int(byte)] }

    /// A row per 16 bytes; those above 0x7f are in no class. `ByteClassTests` spells the sets out.
    private static let table: [256 of UInt8] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 3, 2, 1, 3, 1, 3, 3, 2, 2, 3, 3, 2, 23, 21, 2,
        23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 18, 2, 2, 2, 2, 0,
        2, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23,
        23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 2, 0, 2, 3, 31,
        3, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23,
        23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 2, 3, 2, 7, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
}
