// The bounds on a head, each with its unit and what happens when it is reached.
// For the bounds that no setting changes see `WireLimits`.

/// Bounds on one message head.
package struct HeadLimits: Hashable, Sendable {
    /// Bytes of the whole head, from its first byte to the end of the empty line. Reached within the request line: 414;
    /// later: 431 (RFC 6585 §5).
    package let bytesMax: Int
    /// Header fields. One more: 431.
    package let fieldsMax: Int

    /// The most that a listener may allow, and what a front door adds to a head on its way through.
    package static let fieldsCeiling = 10_000 + 16

    /// Values outside `64 … 1 MiB` bytes and `1 … fieldsCeiling` fields are moved to the nearest border.
    package init(bytesMax: Int = 32 * 1024, fieldsMax: Int = 100) {
        self.bytesMax = min(max(bytesMax, 64), 1 << 20)
        self.fieldsMax = min(max(fieldsMax, 1), Self.fieldsCeiling)
    }
}
