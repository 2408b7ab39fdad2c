// Where the gauges of every backend, service and listener are found by name. Only the control plane looks here;
// workers hold pointers to their lanes, which a publication keeps alive.

import Routing
import Synchronization
import Vocabulary

/// A routing table and what workers need to carry it out: the listeners' sockets and the gauge blocks.
final class Publication: Sendable {
    let table: RoutingTable
    let listeners: [BoundListener]
    let dresses: Dresses
    /// In the order of `listeners`, of `table.services`, and of each service's backends.
    let listenerBlocks: [GaugeBlock]
    let serviceBlocks: [GaugeBlock]
    let backendBlocks: [[GaugeBlock]]

    init(
        table: RoutingTable, listeners: [BoundListener], dresses: Dresses, listenerBlocks: [GaugeBlock],
        serviceBlocks: [GaugeBlock], backendBlocks: [[GaugeBlock]]
    ) {
        self.table = table
        self.dresses = dresses
        self.listeners = listeners
        self.listenerBlocks = listenerBlocks
        self.serviceBlocks = serviceBlocks
        self.backendBlocks = backendBlocks
    }
}

/// Every gauge block by name.
final class GaugeBoard: Sendable {
    fileprivate struct State {
        var revision = Revision.zero
        var listeners: [BoundListener] = []
        var dresses = Dresses()
        var backends: [BackendID: GaugeBlock] = [:]
        var services: [ServiceName: GaugeBlock] = [:]
        var listenerBlocks: [ListenerName: GaugeBlock] = [:]
    }

    private let workers: Int
    private let state = Mutex(State())

    init(workers: Int) {
        self.workers = workers
    }

    /// The first publication.
    func publication(of table: RoutingTable, listeners: [BoundListener], dresses: Dresses) -> Publication {
        state.withLock { $0.publish(table, listeners, dresses, workers) }
    }

    /// A later publication; `nil` when `table` is older than the newest one.
    func nextPublication(
        of table: RoutingTable, listeners: [BoundListener]?, dresses: Dresses?
    ) -> Publication? {
        state.withLock { state -> Publication? in
            guard table.revision >= state.revision else { return nil }
            return state.publish(table, listeners ?? state.listeners, dresses ?? state.dresses, workers)
        }
    }

    func gauges(of backend: BackendID, now: Instant) -> BackendGauges? {
        guard let block = state.withLock({ $0.backends[backend] }) else { return nil }
        var sum = BackendGauges()
        for index in 0..<block.lanes {
            let lane = block.lane(index)
            let load = lane.pointee.load(now: now)
            sum.inFlight += load.inFlight
            sum.inFlightNanoseconds += load.nanoseconds
            sum.requestsTotal += lane.pointee.requests.load(ordering: .relaxed)
            sum.responses5xx += lane.pointee.responses5xx.load(ordering: .relaxed)
            sum.upstreamFailures += lane.pointee.upstreamFailures.load(ordering: .relaxed)
            sum.tunnels += lane.pointee.tunnels.load(ordering: .relaxed)
            sum.connectFailures += lane.pointee.connectFailures.load(ordering: .relaxed)
        }
        sum.consecutiveConnectFailures = block.consecutiveConnectFailures.pointee.load(ordering: .relaxed)
        return sum
    }

    func gauges(of service: ServiceName, now: Instant) -> ServiceGauges? {
        guard let block = state.withLock({ $0.services[service] }) else { return nil }
        var sum = ServiceGauges()
        for index in 0..<block.lanes {
            let lane = block.lane(index)
            let load = lane.pointee.load(now: now)
            sum.inFlight += load.inFlight
            sum.inFlightNanoseconds += load.nanoseconds
            sum.requestsTotal += lane.pointee.requests.load(ordering: .relaxed)
            sum.responses5xx += lane.pointee.responses5xx.load(ordering: .relaxed)
            sum.held += lane.pointee.held.load(ordering: .relaxed)
        }
        return sum
    }

    func gauges(of listener: ListenerName) -> ListenerGauges? {
        guard let block = state.withLock({ $0.listenerBlocks[listener] }) else { return nil }
        return Self.sum(block)
    }

    var openConnections: Int {
        state.withLock { $0.listenerBlocks.values.reduce(0) { $0 + Self.sum($1).open } }
    }

    var requestsInFlight: Int {
        state.withLock { state in
            state.services.values.reduce(0) { sum, block in
                (0..<block.lanes).reduce(sum) { $0 + block.lane($1).pointee.inFlight }
            }
        }
    }

    /// A listener's lane counts open connections as its load, accepted ones as requests, and the rest as failures.
    private static func sum(_ block: GaugeBlock) -> ListenerGauges {
        var sum = ListenerGauges()
        for index in 0..<block.lanes {
            let lane = block.lane(index)
            sum.open += lane.pointee.inFlight
            sum.accepted += lane.pointee.requests.load(ordering: .relaxed)
            sum.refused += lane.pointee.connectFailures.load(ordering: .relaxed)
            sum.handshakes += lane.pointee.handshakes.load(ordering: .relaxed)
            sum.handshakesResumed += lane.pointee.handshakesResumed.load(ordering: .relaxed)
            sum.handshakesFailed += lane.pointee.handshakesFailed.load(ordering: .relaxed)
        }
        return sum
    }
}

extension GaugeBoard.State {
    fileprivate mutating func publish(
        _ table: RoutingTable, _ listeners: [BoundListener], _ dresses: Dresses, _ workers: Int
    ) -> Publication {
        revision = table.revision
        self.listeners = listeners
        self.dresses = dresses
        let backendIDs = Set(table.services.flatMap { $0.backends.map(\.id) })
        let serviceNames = Set(table.services.map(\.name))
        let listenerNames = Set(listeners.map(\.name))
        // What is still in flight keeps its gauges, named or not, so that nothing is counted off a fresh block.
        backends = backends.filter { backendIDs.contains($0.key) || Self.isBusy($0.value) }
        services = services.filter { serviceNames.contains($0.key) || Self.isBusy($0.value) }
        listenerBlocks = listenerBlocks.filter { listenerNames.contains($0.key) || Self.isBusy($0.value) }
        return Publication(
            table: table, listeners: listeners, dresses: dresses,
            listenerBlocks: listeners.map { Self.block(&listenerBlocks, $0.name, workers) },
            serviceBlocks: table.services.map { Self.block(&services, $0.name, workers) },
            backendBlocks: table.services.map { service in
                service.backends.map { Self.block(&backends, $0.id, workers) }
            })
    }

    private static func isBusy(_ block: GaugeBlock) -> Bool {
        (0..<block.lanes).contains { block.lane($0).pointee.inFlight != 0 }
    }

    private static func block<Key: Hashable>(
        _ blocks: inout [Key: GaugeBlock], _ key: Key, _ workers: Int
    ) -> GaugeBlock {
        if let block = blocks[key] { return block }
        let block = GaugeBlock(lanes: workers)
        blocks[key] = block
        return block
    }
}
