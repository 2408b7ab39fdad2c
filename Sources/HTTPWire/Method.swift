// The request methods this program has to tell apart (RFC 9110 §9). Not for the text of an unknown method: that
// stays in the caller's bytes, see `RequestHeadParser.methodRange`.

/// A request method, as far as framing, retries and routing care.
package enum Method: UInt8, Hashable, Sendable, CaseIterable {
    case get, head, post, put, delete, options, patch
    /// Any other token. Forwarded as it came; treated as neither safe nor idempotent.
    case other

    /// Whether sending it twice is the same as sending it once, so that a retry is allowed.
    ///
    /// Pure. Source: RFC 9110 §9.2.2. `TRACE` is idempotent too, but refused (`HeadError.methodRefused`).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options: true
        case .post, .patch, .other: false
        }
    }
}
