// The orderly end: take nothing new, let requests in flight finish, then stop the instances, each by its own drain.
//
// 1. The data plane drains: no new connections (the sockets stay open in the keeper), `Connection: close` on answers.
// 2. When nothing is in flight, or `drain` has passed, the fleets stop their instances (unless the keeper is lost).
// 3. When all are gone the keeper is told that it may end, and `run` returns.

import Fleet
import Keeper
import Kernel
import Proxy
import Settings
import Telemetry
import Vocabulary

extension Supervisor {
    package func stop() async {
        surroundings.events.record(.serverStopping, message: "asked to stop; draining")
        drain(stoppingInstances: true)
    }

    /// Begins the end, as soon as the front door is open at all. A second call changes nothing.
    func drain(stoppingInstances: Bool) {
        switch stage {
        case .starting: stage = .stoppingOnceOpen(stopsInstances: stoppingInstances)
        case .serving:
            stage = .draining(stopsInstances: stoppingInstances)
            surroundings.gateway.beginDrain()
            enqueue(.end)
        case .stoppingOnceOpen, .draining, .stopped: break
        }
    }

    /// The rest of the way, as one job.
    func end() async {
        let deadline = MonotonicClock.now + settings.drain
        // A request is over when its answer is on its way; its connection is when the client has the answer.
        while surroundings.gateway.requestsInFlight > 0 || surroundings.gateway.openConnections > 0,
            MonotonicClock.now < deadline
        {
            try? await Task.sleep(for: Limits.drainTick)
        }
        if stage == .draining(stopsInstances: true) {
            for service in supervised.keys {
                step(service) { fleet, now in
                    switch fleet.command(.stopAll, now: now) {
                    case .success(let orders): orders
                    case .failure: []
                    }
                }
            }
            while !supervised.values.allSatisfy(\.fleet.isStopped) {
                try? await Task.sleep(for: Limits.drainTick)
            }
            try? await surroundings.keeper.shutdown()
        }
        stage = .stopped
        endJobs()
    }
}
