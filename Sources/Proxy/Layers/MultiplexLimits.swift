// The bounds of the HTTP/2 layer that are not the protocol's own (those: `HTTP2Limits`).

import Vocabulary

enum MultiplexLimits {
    /// From the first GOAWAY to the second, when the client does not answer the PING between them.
    static let drainNotice = Duration.seconds(1)
    /// How long finished responses may wait for a client that takes nothing; then its connection is closed. A stream to
    /// a backend that is over for us, but not for the backend, is cancelled after once or twice this time. As the
    /// default of the listener's `timeouts.body`.
    static let orphanStall = Duration.seconds(30)
    /// Connections of one worker to one backend that speaks HTTP/2; more streams than they hold wait for room.
    static let carriersPerHostMax = 8
}
