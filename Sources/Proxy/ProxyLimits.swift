// The bounds of the data plane that no setting changes, in one place.

import Vocabulary

enum ProxyLimits {
    /// Bytes of a request or response head, whatever the settings say: it must fit into a lent block with a whole
    /// receive behind it.
    static let headBytesMax = 60 * 1024
    /// Header fields of a response.
    static let responseFieldsMax = 200
    /// Request bodies up to this size are kept until the response begins, so that an idempotent request can be sent
    /// again. Longer ones are sent once.
    static let replayBodyBytesMax = 16 * 1024
    /// A body is spliced when so much of it is still to come.
    static let splicedBytesMin = UInt64(64 * 1024)
    /// How much of a tunnel is spliced before its receives are looked at again: small ones are better received.
    static let tunnelSpliceBytes = UInt64(16 << 20)
    /// Backends one request may be tried on.
    static let attemptsMax = 8
    /// Idle connections kept per backend and worker; one more closes the oldest.
    static let idleUpstreamsMax = 512
    /// How long a backend that refused a connection is passed over by this worker (unless there is no other).
    static let connectPenalty = Duration.seconds(1)
    /// How often a held request tries again when backends are ready by the table but refuse connections.
    static let heldRetryInterval = Duration.milliseconds(200)
    /// How long a finished client may take to close its side; then we do.
    static let lingerFor = Duration.seconds(5)
    /// Bytes thrown away meanwhile; one more closes at once.
    static let lingerBytesMax = 16 << 20
    /// How long accepting pauses when descriptors or memory are short; then it is looked at again.
    static let acceptPause = Duration.milliseconds(50)
    /// Descriptors that are left to everything but the workers: log files, the admin API, probes.
    static let descriptorsOfOthers = 128
    /// Of a worker's descriptors, the share that clients don't get: connections to backends need one each.
    static let upstreamDescriptorShare = 8
    /// Interim responses (1xx) passed per request; one more is malformed.
    static let interimResponsesMax = 16
    /// Bytes of the path and of the host that the access log shows; the rest is cut off.
    static let loggedTextBytesMax = 2048
    /// The access log is written when this many bytes wait, or when the loop is about to wait.
    static let logBytesMax = 32 * 1024
}
