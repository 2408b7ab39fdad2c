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
    /// A WebSocket for a backend that speaks HTTP/2 and takes no extended CONNECT.
    case upgradeUnsupported
    case clientAbort
    case clientTimeout
    /// Sent a body, or took a response, at less than the rate that the listener asks for.
    case clientTooSlow
    /// Too much waits in buffers for another request.
    case outOfMemory
    /// No descriptor for a connection to a backend.
    case outOfDescriptors
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
        case .upgradeUnsupported: "upgrade_unsupported"
        case .clientAbort: "client_abort"
        case .clientTimeout: "client_timeout"
        case .clientTooSlow: "client_too_slow"
        case .outOfMemory: "out_of_memory"
        case .outOfDescriptors: "out_of_descriptors"
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
