// How the end of a message body is known (RFC 9112 §6.3).
// The decision is the parsers' (`FramingFields`); the counting of bytes is the proxy's.

/// Where a body ends.
package enum BodyFraming: Hashable, Sendable {
    /// No body follows the head.
    case none
    /// Exactly so many bytes follow; zero is possible, at most `Int64.max`.
    case length(UInt64)
    /// Chunks follow, see `ChunkedDecoder`.
    case chunked
    /// Responses only: the body ends when the peer closes.
    case untilClose

    /// Whether at least one body byte, or one chunk, is still to come.
    package var hasBody: Bool {
        switch self {
        case .none, .length(0): false
        case .length, .chunked, .untilClose: true
        }
    }
}
