// What the rules of forwarding say about a field, by its name. The names are in `FieldRole+Names.swift`.
// What is done with each role is decided by the parsers and by `HeadRewriter`.

/// What a field name means to a front door. Names are compared without case (RFC 9110 §5.1).
package enum FieldRole: UInt8, Hashable, Sendable {
    /// Goes through as it is.
    case endToEnd
    case host
    case contentLength
    case transferEncoding
    case connection
    case upgrade
    case expect
    case maxForwards
    /// `X-Request-Id`.
    case requestID
    /// `X-Forwarded-For`.
    case forwardedFor
    /// `X-Forwarded-Proto`.
    case forwardedProto
    /// `X-Forwarded-Host`.
    case forwardedHost
    /// `X-Real-IP`.
    case realIP
    /// `TE`: `trailers` is said anew to the backend, everything else is between the client and us.
    case te
    /// `Trailer`, which goes with the trailers it announces.
    case trailer
    /// `Keep-Alive`: how long a backend keeps an idle connection. Not passed on.
    case keepAlive
    /// `Forwarded` (RFC 7239) and every other `X-Forwarded-…`: dropped unless the peer is trusted.
    case forwardedOther
    /// End to end, and not to be taken away by naming it in `Connection`: credentials and cookies.
    case protected
    /// For this connection only (RFC 9110 §7.6.1): `Proxy-Connection`, `HTTP2-Settings`. Also `Proxy`, which CGI turns
    /// into `HTTP_PROXY` (CVE-2016-5385).
    case hopByHop
    /// Named by a `Connection` field of the same message; dropped.
    case nominated
    /// The name holds an underscore. Dropped from requests, because CGI and WSGI read `X_Forwarded_For` as
    /// `X-Forwarded-For`; nginx drops as well. Passed in responses.
    case underscored
}
