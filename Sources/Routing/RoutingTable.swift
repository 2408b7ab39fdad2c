// What the data plane may know: an immutable value per revision. Published whole by the control plane, never asked
// for. Not for live figures (requests in flight, idle connections): those belong to `Proxy`.

import Vocabulary

/// Every listener's rules, every route and every service of one revision. Pure.
package struct RoutingTable: Hashable, Sendable {
    package var revision: Revision
    /// In the order of the settings file.
    package var listeners: [ListenerRules]
    /// Most specific first: see `Route.order`.
    package var routes: [Route]
    /// For connections whose TLS is passed on unopened: by server name, every path `/`. Their services speak TCP.
    package var passthroughRoutes: [Route]
    package var services: [ServiceRules]
    /// Bytes that may wait in buffers, over all workers. Above it new requests are refused and no connections taken.
    package var bufferBytesMax: ByteCount

    package init(
        revision: Revision, listeners: [ListenerRules], routes: [Route], passthroughRoutes: [Route] = [],
        services: [ServiceRules], bufferBytesMax: ByteCount = .gibibytes(1)
    ) {
        self.revision = revision
        self.listeners = listeners
        self.routes = routes
        self.passthroughRoutes = passthroughRoutes
        self.services = services
        self.bufferBytesMax = bufferBytesMax
    }
}

/// What a listener accepts, and its bounds.
package struct ListenerRules: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        /// HTTP/1.1; each request is routed.
        case http
        /// Bytes both ways; each connection goes to one service.
        case tcp(ServiceName)
        /// TLS that is passed on unopened; the server name of each connection is routed.
        case tlsPassthrough
    }

    package var name: ListenerName
    package var mode: Mode
    /// Requests are answered by sending the client to this port of the same host, over HTTPS.
    package var redirectToHTTPS: UInt16?
    /// From the accept to the end of what comes before the first request: PROXY header, TLS handshake.
    package var handshakeTimeout: Duration
    /// From the first byte of a request to the end of its head.
    package var headerTimeout: Duration
    /// Between two reads of a request body.
    package var bodyTimeout: Duration
    /// Between two requests on one connection.
    package var idleTimeout: Duration
    /// Without a byte in either direction, in TCP mode.
    package var tcpIdleTimeout: Duration
    package var connectionsMax: Int
    /// Of one client address (IPv6: one network of 64 bits); `nil`: no bound but `connectionsMax`.
    package var connectionsPerAddressMax: Int?
    /// Requests on one connection, which then ends; `nil`: no bound.
    package var requestsPerConnectionMax: Int?
    /// Bytes a second that a client must send of a body, and take of a response that waits for it; 0: any rate will do.
    package var bytesPerSecondMin: ByteCount
    /// How long a body may be slower than that, counted from its beginning.
    package var rateGrace: Duration
    package var headerBytesMax: ByteCount
    package var headerFieldsMax: Int
    /// Connections begin with a PROXY protocol header and come from these networks; `nil`: they have none.
    package var proxyFrom: [Network]?

    package init(
        name: ListenerName, mode: Mode, headerTimeout: Duration = .seconds(10), bodyTimeout: Duration = .seconds(30),
        idleTimeout: Duration = .seconds(75), tcpIdleTimeout: Duration = .seconds(3600), connectionsMax: Int = 50_000,
        connectionsPerAddressMax: Int? = nil, requestsPerConnectionMax: Int? = nil,
        bytesPerSecondMin: ByteCount = ByteCount(240), rateGrace: Duration = .seconds(5),
        headerBytesMax: ByteCount = .kibibytes(32), headerFieldsMax: Int = 100, proxyFrom: [Network]? = nil,
        redirectToHTTPS: UInt16? = nil, handshakeTimeout: Duration = .seconds(5)
    ) {
        self.name = name
        self.mode = mode
        self.redirectToHTTPS = redirectToHTTPS
        self.handshakeTimeout = handshakeTimeout
        self.headerTimeout = headerTimeout
        self.bodyTimeout = bodyTimeout
        self.idleTimeout = idleTimeout
        self.tcpIdleTimeout = tcpIdleTimeout
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
        self.requestsPerConnectionMax = requestsPerConnectionMax
        self.bytesPerSecondMin = bytesPerSecondMin
        self.rateGrace = rateGrace
        self.headerBytesMax = headerBytesMax
        self.headerFieldsMax = headerFieldsMax
        self.proxyFrom = proxyFrom
    }
}

/// A service as the data plane sees it.
package struct ServiceRules: Hashable, Sendable {
    package var name: ServiceName
    package var balance: BalanceAlgorithm
    package var backends: [Backend]
    package var timeouts: UpstreamTimeouts
    /// How many further backends may be tried after the first one.
    package var retriesMax: Int
    /// Retries allowed as a share of requests over 10 s, on top of 3 a second (rule 16 of the research note).
    package var retryBudget: Double
    package var bodyBytesMax: ByteCount
    /// How many requests may wait while no backend is ready.
    package var holdMax: Int
    /// How long one may wait before it is answered 503.
    package var holdFor: Duration
    /// gRPC: how long either side of a call may be silent, where that is longer than other timeouts allow.
    package var silence: Duration
    /// Connections to its backends begin with a PROXY protocol header. In TCP mode only: an HTTP connection carries
    /// requests of many clients.
    package var proxyHeader: ProxyHeaderVersion?

    package init(
        name: ServiceName, balance: BalanceAlgorithm = .roundRobin, backends: [Backend] = [],
        timeouts: UpstreamTimeouts = UpstreamTimeouts(), retriesMax: Int = 2, retryBudget: Double = 0.2,
        bodyBytesMax: ByteCount = .gibibytes(1), holdMax: Int = 400, holdFor: Duration = .seconds(5),
        silence: Duration = .zero, proxyHeader: ProxyHeaderVersion? = nil
    ) {
        self.name = name
        self.balance = balance
        self.backends = backends
        self.timeouts = timeouts
        self.retriesMax = retriesMax
        self.retryBudget = retryBudget
        self.bodyBytesMax = bodyBytesMax
        self.holdMax = holdMax
        self.holdFor = holdFor
        self.silence = silence
        self.proxyHeader = proxyHeader
    }
}

/// How a service's backend is chosen.
package enum BalanceAlgorithm: String, Hashable, Sendable, Codable, CaseIterable {
    /// Smooth weighted round robin, one pointer per event-loop thread.
    case roundRobin = "round_robin"
    /// The fewest requests in flight per weight, counted over all threads.
    case leastConnections = "least_connections"
}

/// Bounds on the upstream side of a request.
package struct UpstreamTimeouts: Hashable, Sendable {
    package var connect: Duration
    /// From the end of the request to the first byte of the response head.
    package var response: Duration
    /// Between two reads of a response body.
    package var idle: Duration
    /// Without a byte in either direction, once upgraded.
    package var tunnel: Duration
    /// How long an idle pooled connection is kept. Short of the 5 s at which Node closes (rule 15).
    package var keepAlive: Duration

    package init(
        connect: Duration = .seconds(2), response: Duration = .seconds(30), idle: Duration = .seconds(60),
        tunnel: Duration = .seconds(3600), keepAlive: Duration = .seconds(4)
    ) {
        self.connect = connect
        self.response = response
        self.idle = idle
        self.tunnel = tunnel
        self.keepAlive = keepAlive
    }
}

/// An address that traffic may go to.
package struct Backend: Hashable, Sendable, Identifiable {
    /// Whether it takes new requests.
    package enum Standing: String, Hashable, Sendable, Codable {
        /// Takes new requests.
        case ready
        /// Not (or no longer) healthy; may become ready.
        case down
        /// Finishes what it has and takes nothing new. Absorbing: never followed by another standing.
        case draining
    }

    package var id: BackendID
    /// What people call it: an instance (`documents-3`) or an address.
    package var name: String
    /// The host is numeric: names were resolved before publishing.
    package var endpoint: Endpoint
    /// 1 or more.
    package var weight: Int
    package var release: ReleaseName?
    package var standing: Standing

    package init(
        id: BackendID, name: String, endpoint: Endpoint, weight: Int = 1, release: ReleaseName? = nil,
        standing: Standing = .down
    ) {
        self.id = id
        self.name = name
        self.endpoint = endpoint
        self.weight = weight
        self.release = release
        self.standing = standing
    }
}
