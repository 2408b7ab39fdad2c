// Why a request did not simply pass: one token for the access log and for `X-Portico-Reason`.

import HTTPWire

/// `.none` for a plain pass.
enum Reason: UInt8 {
    case none
    case noBackendReady
    case holdTimeout
    case holdFull
    case connectFailed
    case connectTimeout
    case responseTimeout
    case upstreamReset
    case upstreamClosedEarly
    case upstreamMalformed
    case clientAbort
    case clientTimeout
    /// The head or the chunked coding broke a rule; the log adds which.
    case malformedRequest
    case noRoute
    case bodyTooLarge
    case headerTooLarge
    case notImplemented
    case shutdown
    /// A plain listener sends its clients to HTTPS.
    case redirected
    /// The host is not one of the connection's certificate.
    case misdirected

    var label: StaticString {
        switch self {
        case .none: ""
        case .noBackendReady: "no_backend_ready"
        case .holdTimeout: "hold_timeout"
        case .holdFull: "hold_full"
        case .connectFailed: "connect_failed"
        case .connectTimeout: "connect_timeout"
        case .responseTimeout: "response_timeout"
        case .upstreamReset: "upstream_reset"
        case .upstreamClosedEarly: "upstream_closed_early"
        case .upstreamMalformed: "upstream_malformed"
        case .clientAbort: "client_abort"
        case .clientTimeout: "client_timeout"
        case .malformedRequest: "malformed_request"
        case .noRoute: "no_route"
        case .bodyTooLarge: "body_too_large"
        case .headerTooLarge: "header_too_large"
        case .notImplemented: "not_implemented"
        case .shutdown: "shutdown"
        case .redirected: "redirected"
        case .misdirected: "misdirected"
        }
    }

    /// The reason that belongs to a refused request.
    init(_ fault: HeadError) {
        switch fault.status {
        case 414, 431: self = .headerTooLarge
        case 501: self = .notImplemented
        default: self = .malformedRequest
        }
    }
}
