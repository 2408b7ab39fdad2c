// Every bound of this module, in one place.

/// The bounds of `Probing`.
package enum ProbingLimits {
    /// How much of an answer is looked at: its head has to fit.
    static let headBytesMax = 4096
    /// How much of the rest is read and thrown away, so that the backend can finish writing undisturbed.
    static let restBytesMax = 256 * 1024
    /// Probes under way at once. One more is not sent: a probe that waits in a queue says nothing of a backend.
    package static let probesMax = 4096
}
