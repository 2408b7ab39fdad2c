// Every bound of this module that no setting changes. For those that are settings see `HeadLimits`.
// What is over a bound is refused, never cut off.

/// The bounds that no setting changes.
package enum WireLimits {
    /// Names in `Connection` fields of one message; more is refused. Each is compared with each field name, so this
    /// keeps that work linear.
    package static let connectionOptionsMax = 16
    /// Bytes of a host with its port; more is no host. DNS names have at most 253, and the host is written twice.
    package static let hostBytesMax = 260
    /// Characters of a request id that we take over from a client.
    package static let requestIDBytesMax = 128
    /// Hexadecimal digits of a chunk size, leading zeros included; more is malformed.
    package static let chunkSizeDigitsMax = 16
    /// Bytes of extensions after one chunk size; more is malformed.
    package static let chunkExtensionBytesMax = 256
    /// Bytes of extensions over a whole body; more is malformed. Otherwise one-byte chunks with long extensions cost
    /// hundreds of bytes of reading per byte of content.
    package static let chunkExtensionBytesTotalMax = 16 * 1024
    /// Bytes of the trailer section; more is malformed.
    package static let trailerBytesMax = 8 * 1024
}
