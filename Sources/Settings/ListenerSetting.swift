// A listening address and what it accepts. Not for the sockets behind it: the keeper holds those.

import Vocabulary

/// One entry of `listeners`.
package struct ListenerSetting: Hashable, Sendable {
    /// What the listener speaks.
    package enum Mode: Hashable, Sendable {
        /// HTTP; each request goes where `routes` says.
        case http
        /// Bytes both ways; each connection goes to this service.
        case tcp(ServiceName)
        /// TLS that is passed on unopened; each connection goes where `routes` says for its server name.
        case tlsPassthrough
    }

    package var name: ListenerName
    /// Port 0 asks the system for a free one.
    package var bind: Endpoint
    package var mode: Mode
    /// `nil`: plain bytes.
    package var tls: ListenerTLSSetting?
    /// HTTP/2 is offered by ALPN. With `tls` only.
    package var http2: Bool
    /// HTTP/2 with prior knowledge is taken. Without `tls` only.
    package var h2c: Bool
    /// Requests are answered with a redirect to this port over HTTPS. HTTP only.
    package var redirectToHTTPS: Int?
    /// Connections begin with a PROXY protocol header and come from these networks; `nil`: they have none.
    package var proxyFrom: [Network]?
    package var timeouts: ListenerTimeouts
    package var limits: ListenerLimits

    package init(
        name: ListenerName, bind: Endpoint, mode: Mode = .http, tls: ListenerTLSSetting? = nil,
        http2: Bool = Defaults.http2, h2c: Bool = Defaults.h2c, redirectToHTTPS: Int? = nil,
        proxyFrom: [Network]? = nil, timeouts: ListenerTimeouts = ListenerTimeouts(),
        limits: ListenerLimits = ListenerLimits()
    ) {
        self.name = name
        self.bind = bind
        self.mode = mode
        self.tls = tls
        self.http2 = http2
        self.h2c = h2c
        self.redirectToHTTPS = redirectToHTTPS
        self.proxyFrom = proxyFrom
        self.timeouts = timeouts
        self.limits = limits
    }
}

/// How long a listener waits for its clients.
package struct ListenerTimeouts: Hashable, Sendable {
    /// From the first byte of a request to the end of its head. HTTP only.
    package var header: Duration
    /// Between two reads of a request body. HTTP only.
    package var body: Duration
    /// Between two requests on one connection. HTTP only.
    package var idle: Duration
    /// Without a byte in either direction. TCP only.
    package var tcpIdle: Duration
    /// From the accept to the end of the TLS handshake (or of its first message, when it is passed on). TLS only.
    package var handshake: Duration

    package init(
        header: Duration = Defaults.headerTimeout, body: Duration = Defaults.bodyTimeout,
        idle: Duration = Defaults.idleTimeout, tcpIdle: Duration = Defaults.tcpIdleTimeout,
        handshake: Duration = Defaults.handshakeTimeout
    ) {
        self.header = header
        self.body = body
        self.idle = idle
        self.tcpIdle = tcpIdle
        self.handshake = handshake
    }
}

/// How much a listener takes.
package struct ListenerLimits: Hashable, Sendable {
    /// Connections open at the same time.
    package var connections: Int
    /// Of one client address; `nil`: no bound of its own.
    package var perAddress: Int?
    /// `nil`: no bound. HTTP only.
    package var requestsPerConnection: Int?
    /// Bytes a second of bodies that clients send or take. HTTP only.
    package var rateMin: ByteCount
    /// How long a body may be slower. HTTP only.
    package var rateGrace: Duration
    /// The request line and all header fields together. HTTP only.
    package var headerBytes: ByteCount
    /// HTTP only.
    package var headerFields: Int

    package init(
        connections: Int = Defaults.connectionsMax, perAddress: Int? = nil, requestsPerConnection: Int? = nil,
        rateMin: ByteCount = Defaults.rateMin, rateGrace: Duration = Defaults.rateGrace,
        headerBytes: ByteCount = Defaults.headerBytesMax,
        headerFields: Int = Defaults.headerFieldsMax
    ) {
        self.connections = connections
        self.perAddress = perAddress
        self.requestsPerConnection = requestsPerConnection
        self.rateMin = rateMin
        self.rateGrace = rateGrace
        self.headerBytes = headerBytes
        self.headerFields = headerFields
    }
}
