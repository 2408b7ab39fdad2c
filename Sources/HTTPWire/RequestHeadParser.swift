// The border: turns the bytes of an HTTP/1.1 request head into offsets, or refuses them. Not for bodies, see
// `ChunkedDecoder`; not for what goes to the backend, see `HeadRewriter`.

/// The form of a request target (RFC 9112 §3.2). Authority form belongs to `CONNECT`, which is refused.
package enum TargetForm: UInt8, Hashable, Sendable {
    /// `/path?query`
    case origin
    /// `http://host/path?query`: forwarded in origin form, its authority instead of the `Host` field (§3.2.2).
    case absolute
    /// `*`, only with `OPTIONS`.
    case asterisk
}

/// Parses request heads, one after the other; one per event-loop thread.
///
/// After `.complete`, all accessors speak of that head, by offsets into the bytes it was parsed from, until the next
/// `parse`. After any other outcome they mean nothing.
/// Pure; allocates only when `limits.fieldsMax` grows. Bytes are read at most twice, whatever the size of the pieces.
/// Source: RFC 9110, RFC 9112.
package struct RequestHeadParser: ~Copyable {
    package private(set) var method = Method.other
    /// The method's own text, for logs and for `.other`.
    package private(set) var methodRange = 0..<0
    /// The whole target as it came.
    package private(set) var target = 0..<0
    package private(set) var targetForm = TargetForm.origin
    /// The path without query. Empty for an absolute target without path: see `path(in:)`. `*` in asterisk form.
    package private(set) var path = 0..<0
    /// The query with its `?`; empty when there is none.
    package private(set) var query = 0..<0
    /// False for HTTP/1.0. HTTP/1.2 and above count as 1.1 (RFC 9110 §2.5).
    package private(set) var isHTTP11 = true
    /// Host with optional port, valid by syntax: from an absolute target, else from `Host`. `nil` only in HTTP/1.0.
    package private(set) var host: Range<Int>?
    /// `.none`, `.length` or `.chunked`.
    package private(set) var framing = BodyFraming.none
    /// Whether the client may send another request on this connection (RFC 9112 §9.3).
    package private(set) var keepAlive = false
    /// Whether the client waits for 100 before it sends the body. Never in HTTP/1.0 or without a body (RFC 9110 §10.1.1).
    package private(set) var expectsContinue = false
    /// Whether an upgrade is asked for and may be passed on: HTTP/1.1, `Connection: upgrade`, no body, and neither `h2c`
    /// nor `TLS`, whose tunnels would hide requests from us. The tunnel opens only on the backend's 101.
    package private(set) var isUpgrade = false
    /// A client's `X-Request-Id` that is fit to be kept: one field, see `RequestID.isValid`.
    package private(set) var requestID: Range<Int>?
    /// Bytes of the head, including the empty line at its end (and one empty line before it, if the client sent one).
    package private(set) var headLength = 0

    /// A parser with room for `limits.fieldsMax` fields from the start.
    package init(limits: HeadLimits = HeadLimits()) {
    }

    /// Looks at everything received of a head. `progress` is the connection's; a new head starts with a new one.
    ///
    /// The outcome depends only on the bytes, not on how they were split over calls.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, resuming progress: inout HeadProgress, within limits: HeadLimits
    ) -> HeadParse {
        .incomplete
    }

    /// Looks at a head from its start.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer, within limits: HeadLimits = HeadLimits()) -> HeadParse
    {
        var progress = HeadProgress()
        return parse(bytes, resuming: &progress, within: limits)
    }

    /// Number of header fields.
    package var fieldCount: Int { 0 }

    /// The field at `index`, which must be in `0 ..< fieldCount`.
    package func field(_ index: Int) -> HeadField {
        HeadField(nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, role: .endToEnd)
    }

    /// The path for routing and logs: never empty, `/` where an absolute target has none.
    package func path(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        bytes
    }
}
