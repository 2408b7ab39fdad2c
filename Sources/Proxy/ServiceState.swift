// What a worker keeps per service: its rules in the units of the loop, the order of its backends, and who waits.

import Balancing
import Routing
import Vocabulary

/// One service in one worker. Its place in the worker's array never changes, so exchanges refer to it by number.
struct ServiceState {
    var name: ServiceName
    var nameJSON: UnsafeRawBufferPointer
    var isListed = true
    /// Slots of its backends, in the table's order.
    var members: UnsafeMutablePointer<Int32>
    var memberCount = 0
    var weights: [Int] = []
    /// Which members were ready when the rotation began: it begins anew when that changes, because one that goes on in
    /// mid-cycle with fewer members picks some of them twice.
    var readiness: [Bool] = []
    var memberCapacity = 0
    var algorithm = BalanceAlgorithm.roundRobin
    var roundRobin = RoundRobin(weights: [])
    var leastConnections = LeastConnections(weights: [])
    var budget = RetryBudget(share: 0)
    var timeouts = UpstreamTimeouts()
    var retriesMax = 0
    var retryShare = -1.0
    var bodyBytesMax: UInt64 = 0
    var holdMax = 0
    var holdFor = Duration.zero
    /// See `ServiceRules.silence`.
    var silence = Duration.zero
    var proxyHeader: ProxyHeaderVersion?
    /// The hold queue.
    var held = ClientQueue()
    var heldCount = 0
    /// This worker's lane of the block that `owner` keeps alive.
    var lane: UnsafeMutablePointer<GaugeLane>
    var owner: GaugeBlock

    init(name: ServiceName, gauges: GaugeBlock, worker: Int) {
        self.name = name
        nameJSON = OwnedText.json(name.rawValue)
        members = .allocate(capacity: 1)
        lane = gauges.lane(worker)
        owner = gauges
    }

    /// Frees what it owns.
    func release() {
        nameJSON.deallocate()
        members.deallocate()
    }
}

/// One listener in one worker. Its place in the worker's array is its token.
struct ListenerState {
    var name: ListenerName
    var nameJSON: UnsafeRawBufferPointer
    /// -1 when this worker has no socket of it.
    var descriptor: CInt
    var isOpen = false
    /// Connections that came through it and are open.
    var clientsOpen = 0
    /// Accepting pauses: clients wait here, or descriptors or memory are short.
    var isFull = false
    var isShort = false
    /// Clients that came when the listener was full.
    var waiting = ClientQueue()
    /// Accepted connections have something to say before their first request.
    var isPreceded = false
    /// TLS goes through unopened, to the service of its server name.
    var isPassthrough = false
    /// The service's number in TCP mode; -1: HTTP.
    var tcpService: Int32 = -1
    /// A TCP listener whose service no table knows yet takes no connections.
    var rules: ListenerRules
    var lane: UnsafeMutablePointer<GaugeLane>
    /// Keeps the lanes alive as long as a connection may count on them.
    var owner: GaugeBlock
    var gate: ListenerGate
}
