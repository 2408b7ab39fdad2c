// A service: what stands behind it and how traffic reaches it. The processes of a supervised one are described in
// `InstancesSetting`.

import Routing
import Vocabulary

/// One entry of `services`.
package struct ServiceSetting: Hashable, Sendable {
    /// What its backends speak.
    package enum Transport: String, Hashable, Sendable, CaseIterable {
        case http, tcp
        /// HTTP/2: by ALPN with `tls`, with prior knowledge without.
        case h2
        /// HTTP/2 whose calls may be silent for as long as a tunnel.
        case grpc

        /// Whether requests are routed to it.
        package var isHTTP: Bool { self != .tcp }
        package var isHTTP2: Bool { self == .h2 || self == .grpc }
    }

    /// Where its backends come from.
    package enum Upstream: Hashable, Sendable {
        /// Fixed addresses, at least one, that somebody else runs.
        case backends([BackendSetting])
        /// Processes that we supervise.
        case instances(InstancesSetting)
    }

    package var name: ServiceName
    package var transport: Transport
    /// `nil`: its backends are spoken to in plain bytes.
    package var tls: BackendTLSSetting?
    package var balance: BalanceAlgorithm
    package var health: HealthSetting
    /// Only `connect` counts for a TCP service.
    package var timeouts: UpstreamTimeouts
    package var retries: RetriesSetting
    package var hold: HoldSetting
    /// The largest request body. HTTP only.
    package var bodyBytesMax: ByteCount
    /// Connections to its backends begin with a PROXY protocol header. TCP only.
    package var sendProxyProtocol: ProxyHeaderVersion?
    package var upstream: Upstream

    package init(
        name: ServiceName, transport: Transport = .http, tls: BackendTLSSetting? = nil,
        balance: BalanceAlgorithm = Defaults.balance,
        health: HealthSetting = HealthSetting(), timeouts: UpstreamTimeouts = Defaults.upstreamTimeouts,
        retries: RetriesSetting = RetriesSetting(), hold: HoldSetting = HoldSetting(),
        bodyBytesMax: ByteCount = Defaults.bodyBytesMax, sendProxyProtocol: ProxyHeaderVersion? = nil,
        upstream: Upstream
    ) {
        self.name = name
        self.transport = transport
        self.tls = tls
        self.balance = balance
        self.health = health
        self.timeouts = timeouts
        self.retries = retries
        self.hold = hold
        self.bodyBytesMax = bodyBytesMax
        self.sendProxyProtocol = sendProxyProtocol
        self.upstream = upstream
    }

    /// The supervised processes; `nil` for a service of fixed backends.
    package var instances: InstancesSetting? {
        if case .instances(let instances) = upstream { instances } else { nil }
    }

    /// The fixed addresses; empty for a supervised service.
    package var backends: [BackendSetting] {
        if case .backends(let backends) = upstream { backends } else { [] }
    }
}

/// A fixed address that traffic may go to.
package struct BackendSetting: Hashable, Sendable {
    /// The host may be a name; `Kernel` resolves it.
    package var address: Endpoint
    /// 1 or more.
    package var weight: Int

    package init(address: Endpoint, weight: Int = Defaults.backendWeight) {
        self.address = address
        self.weight = weight
    }
}

/// How a service's backends are probed.
package struct HealthSetting: Hashable, Sendable {
    /// What a probe does.
    package enum Check: Hashable, Sendable {
        /// A connection that opens is a pass. The default, since it holds for every application.
        case tcp
        /// `GET` of this path; a 2xx answer is a pass.
        case http(path: String)
    }

    package var check: Check
    /// Between the starts of two probes of one backend.
    package var interval: Duration
    /// At most `interval`.
    package var timeout: Duration
    /// How many failures in a row take a backend out of rotation.
    package var fall: Int
    /// How many passes in a row bring it back.
    package var rise: Int

    package init(
        check: Check = .tcp, interval: Duration = Defaults.healthInterval, timeout: Duration = Defaults.healthTimeout,
        fall: Int = Defaults.healthFall, rise: Int = Defaults.healthRise
    ) {
        self.check = check
        self.interval = interval
        self.timeout = timeout
        self.fall = fall
        self.rise = rise
    }
}

/// How often a request may be tried again.
package struct RetriesSetting: Hashable, Sendable {
    /// Further backends after the first one.
    package var max: Int
    /// The share of requests that may be retries, over 10 s.
    package var budget: Percent

    package init(max: Int = Defaults.retriesMax, budget: Percent = Defaults.retryBudget) {
        self.max = max
        self.budget = budget
    }
}

/// How requests wait while no backend is ready.
package struct HoldSetting: Hashable, Sendable {
    /// How many may wait; 0 answers 503 at once.
    package var max: Int
    /// How long one may wait before it is answered 503.
    package var time: Duration

    package init(max: Int = Defaults.holdMax, time: Duration = Defaults.holdTime) {
        self.max = max
        self.time = time
    }
}

/// A share of a whole, in hundredths: 0 … 100.
package struct Percent: Hashable, Sendable, CustomStringConvertible {
    package let hundredths: Int

    package init(_ hundredths: Int) {
        precondition((0...100).contains(hundredths), "a percentage lies in 0…100: \(hundredths)")
        self.hundredths = hundredths
    }

    /// 0 … 1.
    package var fraction: Double { Double(hundredths) / 100 }

    package var description: String { "\(hundredths)%" }
}
