// Figures of the running data plane, as values. How they are counted: `GaugeBoard`.

import Vocabulary

/// What traffic tells about one backend. Totals count from the backend's first table.
package struct BackendGauges: Hashable, Sendable {
    /// Requests chosen for it and not yet ended, tunnels and TCP connections included. Exact.
    package var inFlight = 0
    /// Of these, tunnels and TCP connections. Read with `inFlight` but not in one step: off by what changes meanwhile.
    package var tunnels = 0
    /// Requests that reached it: a connection was there and the request was written to it.
    package var requestsTotal: UInt64 = 0
    /// Of these, answered with 500 ... 599.
    package var responses5xx: UInt64 = 0
    /// Of these, ended by the backend: reset, closed early, malformed response, response timeout.
    package var upstreamFailures: UInt64 = 0
    /// Connections that could not be made (refused, timed out).
    package var connectFailures: UInt64 = 0
    /// Connect failures since the last connection that could be made.
    package var consecutiveConnectFailures: UInt64 = 0
    /// The integral of `inFlight` over time, exact up to the moment it was read.
    package var inFlightNanoseconds: Int64 = 0

    package init() {}
}

/// What traffic tells about one service.
package struct ServiceGauges: Hashable, Sendable {
    /// Requests routed to it.
    package var requestsTotal: UInt64 = 0
    /// Requests not yet ended, held ones included. Exact.
    package var inFlight = 0
    /// Of these, waiting for a backend.
    package var held = 0
    /// Responses 500 ... 599 that clients got, our own (502, 503, 504) included.
    package var responses5xx: UInt64 = 0
    /// The integral of `inFlight` over time, exact up to the moment it was read.
    package var inFlightNanoseconds: Int64 = 0

    package init() {}
}

/// Connections of one listener.
package struct ListenerGauges: Hashable, Sendable {
    package var open = 0
    package var accepted: UInt64 = 0
    /// Closed at once, because their address has as many as it may.
    package var refusedPerAddress: UInt64 = 0
    /// Closed at once, because they come from outside the networks that may send a PROXY header.
    package var refusedUntrusted: UInt64 = 0
    /// Closed without the PROXY header that they must begin with, or with a bad one.
    package var refusedUnheralded: UInt64 = 0
    /// How often a worker stopped accepting because the bound on connections was reached.
    package var pausedFull: UInt64 = 0
    /// The same, because descriptors or memory were short.
    package var pausedShort: UInt64 = 0
    /// TLS handshakes that went well.
    package var handshakes: UInt64 = 0
    /// Of these, those that went on from an earlier session.
    package var handshakesResumed: UInt64 = 0
    /// Handshakes that failed or took too long.
    package var handshakesFailed: UInt64 = 0

    /// Closed before they could ask for anything.
    package var refused: UInt64 { refusedPerAddress + refusedUntrusted + refusedUnheralded }

    package init() {}
}
