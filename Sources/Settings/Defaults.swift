// Every default of a settings file, in one place: the value types, the reader, `config show --effective` and the
// schema all take them from here. `Routing` repeats those of its own initialisers; a test keeps the two equal.

import Routing
import Vocabulary

/// What a key means when it is left out.
package enum Defaults {
    package static let version = 1
    package static let workers = WorkerCount.auto
    package static let drain = Duration.seconds(30)

    // Listeners
    package static let headerTimeout = Duration.seconds(10)
    package static let bodyTimeout = Duration.seconds(30)
    package static let idleTimeout = Duration.seconds(75)
    package static let tcpIdleTimeout = Duration.seconds(3600)
    package static let handshakeTimeout = Duration.seconds(5)
    package static let http2 = true
    package static let h2c = false
    package static let tlsMinVersion = ListenerTLSSetting.Version.v12
    package static let connectionsMax = 50_000
    package static let headerBytesMax = ByteCount.kibibytes(32)
    package static let headerFieldsMax = 100
    /// Of bodies, in bytes a second. Kestrel's numbers: far below any link that people use, and 100 times what a
    /// slow attack can afford to send from many addresses.
    package static let rateMin = ByteCount(240)
    package static let rateGrace = Duration.seconds(5)

    // Routes and services
    package static let routePath = "/"
    package static let balance = BalanceAlgorithm.roundRobin
    package static let backendWeight = 1
    package static let backendVerification = true
    package static let bodyBytesMax = ByteCount.gibibytes(1)
    package static let upstreamTimeouts = UpstreamTimeouts(
        connect: .seconds(2), response: .seconds(30), idle: .seconds(60), tunnel: .seconds(3600),
        keepAlive: .seconds(4))
    package static let retriesMax = 2
    package static let retryBudget = Percent(20)
    package static let holdMax = 400
    package static let holdTime = Duration.seconds(5)

    // Health. The check itself is `tcp` for every service: a connection that opens is the one thing that holds for any
    // unchanged application. A path such as `/` may answer 404 or 302 in a healthy one, or cost a database query.
    package static let healthInterval = Duration.seconds(2)
    package static let healthTimeout = Duration.seconds(1)
    package static let healthFall = 3
    package static let healthRise = 2

    // Instances
    package static let release = ReleaseName("v1")
    package static let instanceCount = 1...1
    package static let scaleInFlight = 10
    package static let scaleDownAfter = Duration.seconds(300)
    package static let rolloutSurge = InstanceAmount.count(1)
    package static let rolloutUnavailable = InstanceAmount.count(0)
    package static let rolloutSettle = Duration.seconds(5)
    package static let rolloutDeadline = Duration.seconds(600)
    package static let rolloutUndo = RolloutSetting.Undo.automatic
    package static let drainRequests = Duration.seconds(30)
    package static let drainTunnels = Duration.seconds(300)
    package static let stopGrace = Duration.seconds(10)

    // The smallest form
    package static let listenerName = ListenerName("web")
    package static let serviceName = ServiceName("app")
}
