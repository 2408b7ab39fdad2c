// The three forms of a request target that a front door takes.
// For taking a target apart see `RequestLine`.

/// The form of a request target (RFC 9112 §3.2). Authority form belongs to `CONNECT`, which is refused.
package enum TargetForm: UInt8, Hashable, Sendable {
    /// `/path?query`
    case origin
    /// `http://host/path?query`: forwarded in origin form, its authority instead of the `Host` field (§3.2.2).
    case absolute
    /// `*`, only with `OPTIONS`.
    case asterisk
}
