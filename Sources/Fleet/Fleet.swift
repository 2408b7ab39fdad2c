// One service's instances as one machine: health, lifecycle, restarts, scaling and rollouts composed.
//
// The caller is an actor that turns the world into events, and orders into calls. It saves the snapshot, then carries
// the orders out in their order. `tick` is for time passing: call it no later than `nextWakeup`.

import Vocabulary

/// The instances of one supervised service. Pure.
package struct Fleet: Sendable {
    /// - Parameters:
    ///   - release: the stable release when there is no snapshot.
    ///   - snapshot: the memory of the server before us.
    ///   - epoch: the wall-clock time since 1970 at the monotonic clock's zero; only stamps the history.
    package init(
        service: ServiceName, policy: FleetPolicy, release: ReleaseName, snapshot: FleetSnapshot? = nil, seed: UInt64,
        epoch: Duration = .zero, now: Instant
    ) { fatalError() }

    /// Takes in what happened. Perform the orders in their order.
    package mutating func handle(_ event: FleetEvent, now: Instant) -> [FleetOrder] { [] }

    /// Obeys an operator, or says why not; then nothing has changed.
    package mutating func command(_ command: FleetCommand, now: Instant) -> Result<[FleetOrder], FleetRefusal> {
        .success([])
    }

    /// Lets time pass.
    package mutating func tick(now: Instant) -> [FleetOrder] { [] }

    /// When `tick` is needed next, if nothing happens before; `nil` when only an event can change something.
    package var nextWakeup: Instant? { nil }

    package func report(now: Instant) -> FleetReport { fatalError() }

    package var snapshot: FleetSnapshot { fatalError() }

    /// After `.stopAll`: whether every instance is gone.
    package var isStopped: Bool { false }
}
