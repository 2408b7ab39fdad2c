// The orderly end: take nothing new, let what is in flight finish, then stop the instances.
//
// 1. The listening sockets are closed, here and in the keeper: whoever comes now is refused by the kernel at once and can
//    go elsewhere, and is not left in a queue that nobody serves. (When the keeper was lost, the next one may listen at
//    once.)
// 2. The data plane drains: idle connections are closed, the others end with their answer. Tunnels go on.
// 3. When no request is in flight, or `drain` has passed since 1, the fleets stop their instances (unless the keeper is
//    lost): tunnels get their own deadline, but no wait for anything in flight outlasts `drain` since 1.
// 4. When all are gone the keeper is told that it may end, and `run` returns. So the whole takes `drain` and the longest
//    `stop.grace` at most.
// Instances are not drained before 3: a request that was on its way when the sockets were closed still finds one.

import Fleet
import Keeper
import Kernel
import Proxy
import Routing
import Settings
import Telemetry
import Vocabulary

extension Supervisor {
    package func stop() async {
        surroundings.events.record(.serverStopping, message: "asked to stop; draining")
        drain(stoppingInstances: true)
    }

    /// Begins the end, as soon as the front door is open at all. A second call changes nothing, but that instances which
    /// can't be stopped any more, since the keeper is lost, are left.
    func drain(stoppingInstances: Bool) {
        switch stage {
        case .starting: stage = .stoppingOnceOpen(stopsInstances: stoppingInstances)
        case .serving:
            stage = .draining(stopsInstances: stoppingInstances)
            stopDeadline = MonotonicClock.now + settings.drain
            surroundings.gateway.beginDrain()
            enqueue(.end)
        case .draining:
            if !stoppingInstances { stage = .draining(stopsInstances: false) }
        case .stoppingOnceOpen, .stopped: break
        }
    }

    /// The rest of the way, as one job.
    func end() async {
        let stopsInstances = stage == .draining(stopsInstances: true)
        await closeListeners()
        await waitUntil { gateway in gateway.requestsInFlight <= self.tunnelsInFlight }
        if stopsInstances { for service in supervised.keys.sorted() { stopAll(service) } }
        // A request is over when its answer is on its way; its connection is when the client has the answer.
        await waitUntil { gateway in
            gateway.requestsInFlight == 0 && gateway.openConnections == 0
                || stopsInstances && self.haveInstancesStopped && self.fixed.isEmpty
        }
        if stopsInstances {
            while !haveInstancesStopped, stage == .draining(stopsInstances: true) {
                try? await Task.sleep(for: Limits.drainTick)
            }
            try? await surroundings.keeper.shutdown()
        }
        stage = .stopped
        endJobs()
    }

    /// Until `isDone`, or until the stop's deadline.
    private func waitUntil(_ isDone: (Gateway) -> Bool) async {
        while !isDone(surroundings.gateway), let stopDeadline, MonotonicClock.now < stopDeadline {
            try? await Task.sleep(for: Limits.drainTick)
        }
    }

    /// Takes the sockets from the workers first: none may accept on a descriptor that is closed.
    private func closeListeners() async {
        let closing = listeners
        listeners = []
        let table = nextTable()
        surroundings.gateway.publish(table, listeners: [])
        await waitUntil { $0.appliedRevision >= table.revision }
        guard surroundings.gateway.appliedRevision >= table.revision else { return }
        for listener in closing { try? await surroundings.keeper.unlisten(name: listener.name) }
    }

    /// Orders every instance of a service to drain and stop.
    func stopAll(_ service: ServiceName) {
        step(service) { fleet, now in
            switch fleet.command(.stopAll, now: now) {
            case .success(let orders): orders
            case .failure: []
            }
        }
    }

    private var haveInstancesStopped: Bool { supervised.values.allSatisfy(\.fleet.isStopped) }

    /// What is in flight and no request: WebSockets, TCP connections.
    private var tunnelsInFlight: Int {
        let backends =
            supervised.values.flatMap { $0.live.values.map(\.backend) }
            + fixed.values.flatMap { $0.members.map(\.backend) }
        return backends.reduce(0) { $0 + (surroundings.gateway.gauges(of: $1)?.tunnels ?? 0) }
    }
}
