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
    let gates: [ListenerGate]
    let serviceBlocks: [GaugeBlock]
    let backendBlocks: [[GaugeBlock]]
    let bells: WorkerBells

    init(
        table: RoutingTable, listeners: [BoundListener], dresses: Dresses, listenerBlocks: [GaugeBlock],
        gates: [ListenerGate], serviceBlocks: [GaugeBlock], backendBlocks: [[GaugeBlock]], bells: WorkerBells
    ) {
        self.table = table
        self.dresses = dresses
        self.listeners = listeners
        self.listenerBlocks = listenerBlocks
        self.gates = gates
        self.serviceBlocks = serviceBlocks
        self.backendBlocks = backendBlocks
        self.bells = bells
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
        var gates: [ListenerName: ListenerGate] = [:]
    }

    /// What the state is changed with.
    fileprivate struct Surroundings {
        let workers: Int
        let seed: UInt64
        let bells: WorkerBells
    }

    private let surroundings: Surroundings
    private let state = Mutex(State())

    /// `seed` is for the hashes of client addresses.
    init(workers: Int, seed: UInt64) {
        surroundings = Surroundings(workers: workers, seed: seed, bells: WorkerBells(workers: workers))
    }

    /// The first publication.
    func publication(of table: RoutingTable, listeners: [BoundListener], dresses: Dresses) -> Publication {
        state.withLock { $0.publish(table, listeners, dresses, surroundings) }
    }

    /// A later publication; `nil` when `table` is older than the newest one.
    func nextPublication(
        of table: RoutingTable, listeners: [BoundListener]?, dresses: Dresses?
    ) -> Publication? {
        state.withLock { state -> Publication? in
            guard table.revision >= state.revision else { return nil }
            return state.publish(table, listeners ?? state.listeners, dresses ?? state.dresses, surroundings)
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
        let (block, gate) = state.withLock { ($0.listenerBlocks[listener], $0.gates[listener]) }
        guard let block, let gate else { return nil }
        var sum = Self.sum(block)
        for index in 0..<gate.workers {
            let lane = gate.lane(index)
            sum.refusedPerAddress += lane.pointee.perAddress.load(ordering: .relaxed)
            sum.refusedUntrusted += lane.pointee.untrusted.load(ordering: .relaxed)
            sum.refusedUnheralded += lane.pointee.unheralded.load(ordering: .relaxed)
            sum.pausedFull += lane.pointee.pausedFull.load(ordering: .relaxed)
            sum.pausedShort += lane.pointee.pausedShort.load(ordering: .relaxed)
        }
        return sum
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

    /// A listener's lane counts open connections as its load and accepted ones as requests.
    private static func sum(_ block: GaugeBlock) -> ListenerGauges {
        var sum = ListenerGauges()
        for index in 0..<block.lanes {
            let lane = block.lane(index)
            sum.open += lane.pointee.inFlight
            sum.accepted += lane.pointee.requests.load(ordering: .relaxed)
            sum.handshakes += lane.pointee.handshakes.load(ordering: .relaxed)
            sum.handshakesResumed += lane.pointee.handshakesResumed.load(ordering: .relaxed)
            sum.handshakesFailed += lane.pointee.handshakesFailed.load(ordering: .relaxed)
        }
        return sum
    }
}

extension GaugeBoard.State {
    fileprivate mutating func publish(
        _ table: RoutingTable, _ listeners: [BoundListener], _ dresses: Dresses,
        _ surroundings: GaugeBoard.Surroundings
    ) -> Publication {
        let workers = surroundings.workers
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
        gates = gates.filter { listenerBlocks[$0.key] != nil || listenerNames.contains($0.key) }
        for rules in table.listeners { gates[rules.name]?.setLimit(rules.connectionsMax) }
        return Publication(
            table: table, listeners: listeners, dresses: dresses,
            listenerBlocks: listeners.map { Self.block(&listenerBlocks, $0.name, workers) },
            gates: listeners.map { gate($0.name, table, surroundings) },
            serviceBlocks: table.services.map { Self.block(&services, $0.name, workers) },
            backendBlocks: table.services.map { service in
                service.backends.map { Self.block(&backends, $0.id, workers) }
            }, bells: surroundings.bells)
    }

    private mutating func gate(
        _ name: ListenerName, _ table: RoutingTable, _ surroundings: GaugeBoard.Surroundings
    ) -> ListenerGate {
        if let gate = gates[name] { return gate }
        let limit = table.listeners.first { $0.name == name }?.connectionsMax ?? 0
        let gate = ListenerGate(
            workers: surroundings.workers, limit: limit, bells: surroundings.bells, seed: surroundings.seed)
        gates[name] = gate
        return gate
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
