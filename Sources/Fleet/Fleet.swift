// One service's instances as one machine: health, lifecycle, restarts, scaling and rollouts composed.
//
// The caller is an actor that turns the world into events, and orders into calls. After each event it saves the
// snapshot if that changed, then carries the orders out in their order. `tick` is for time passing: call it no later
// than `nextWakeup`. Whatever an order asks for is answered by an event; an answer that never comes runs into a
// deadline in here. Before `.inventoryComplete` nothing is spawned and nothing is stopped.
//
// Every event goes the same way: take it in, let deadlines pass, then reconcile (`Fleet+Reconcile`): compare what is
// there with what should be, and order the difference. So a lost or repeated event is made good by the next one.

import Health
import Lifecycle
import Rollouts
import Scaling
import Statistics
import Vocabulary

/// The instances of one supervised service. Pure.
package struct Fleet: Sendable {
    /// How many ended rollouts are remembered.
    static let historyMax = 20
    /// How much longer than its own timeout an answer to a probe may take.
    static let probeGrace = Duration.seconds(1)
    /// How long the first probes of an instance may fail before that is noted.
    static let firstProbesPatience = Duration.seconds(10)

    let service: ServiceName
    let epoch: Duration
    let random: SeededRandom
    var policy: FleetPolicy
    var stable: ReleaseName
    var nextOrdinal: UInt32
    /// In the order of their ordinals.
    var members: [FleetMember] = []
    var scaler: Scaler
    var boundsOverride: FleetSnapshot.BoundsOverride?
    var rollout: RolloutMachine?
    var history: [RolloutRecord]
    /// One per release that failed lately.
    var ledgers: [(release: ReleaseName, ledger: RestartLedger)] = []
    /// The instances of the server before us.
    let membersBefore: [FleetSnapshot.Member]
    var hasInventory = false
    var isStopping = false
    /// The integral of the newest load sample, and when it came.
    var lastLoad: (integral: UInt64, at: Instant)?
    /// The newest moment the fleet was told of.
    var asOf: Instant
    var orders: [FleetOrder] = []

    /// - Parameters:
    ///   - release: the stable release when there is no snapshot.
    ///   - snapshot: the memory of the server before us.
    ///   - epoch: the wall-clock time since 1970 at the monotonic clock's zero; only stamps the history.
    package init(
        service: ServiceName, policy: FleetPolicy, release: ReleaseName, snapshot: FleetSnapshot? = nil, seed: UInt64,
        epoch: Duration = .zero, now: Instant
    ) {
        self.service = service
        self.policy = policy
        self.epoch = epoch
        random = SeededRandom(seed: seed).split(service.rawValue)
        stable = snapshot?.stable ?? release
        nextOrdinal = max(snapshot?.nextOrdinal ?? 1, 1)
        history = snapshot?.history ?? []
        rollout = snapshot?.rollout.map { RolloutMachine(resuming: $0, policy.rollout, now) }
        // The file's own bounds, once changed, win over an operator's.
        boundsOverride = snapshot?.boundsOverride.flatMap { $0.overridden == policy.bounds ? $0 : nil }
        let bounds = boundsOverride?.ordered ?? policy.bounds
        scaler = Scaler(
            policy: policy.scaling, bounds: bounds, desired: snapshot?.desired ?? bounds.min, now: now)
        membersBefore = snapshot?.members ?? []
        asOf = now
    }

    /// Takes in what happened. Perform the orders in their order.
    package mutating func handle(_ event: FleetEvent, now: Instant) -> [FleetOrder] {
        take(event, now)
        advance(now)
        return takeOrders()
    }

    /// Obeys an operator, or says why not; then nothing has changed.
    package mutating func command(_ command: FleetCommand, now: Instant) -> Result<[FleetOrder], FleetRefusal> {
        if let refusal = obey(command, now) { return .failure(refusal) }
        advance(now)
        return .success(takeOrders())
    }

    /// Lets time pass.
    package mutating func tick(now: Instant) -> [FleetOrder] {
        advance(now)
        return takeOrders()
    }

    /// After `.stopAll`: whether every instance is gone.
    package var isStopped: Bool { isStopping && members.isEmpty }

    /// When `tick` is needed next, if nothing happens before; `nil` when only an event can change something.
    package var nextWakeup: Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant?) {
            guard let instant, instant > asOf else { return }
            earliest = min(earliest ?? instant, instant)
        }
        for member in members {
            consider(member.life.nextDeadline)
            if member.life.isProbed { consider(probeDue(member)) }
            if member.life.phase == .unhealthy { consider(replacementDue(member)) }
            if let rollout, member.isReady, member.release == rollout.goal {
                consider(member.life.since + policy.rollout.settle)
            }
        }
        for (_, ledger) in ledgers {
            consider(ledger.nextDeadline(after: asOf))
            consider(ledger.loopEnd)
        }
        consider(rollout?.deadline)
        return earliest
    }

    // MARK: The common way

    private mutating func advance(_ now: Instant) {
        asOf = max(asOf, now)
        passDeadlines(now)
        probe(now)
        endCrashLoops(now)
        guard hasInventory, !isStopping else { return }
        replaceLongUnhealthy(now)
        reconcile(now)
    }

    private mutating func takeOrders() -> [FleetOrder] {
        defer { orders = [] }
        return orders
    }

    mutating func note(
        _ kind: FleetNote.Kind, _ message: String, instance: InstanceID? = nil, release: ReleaseName? = nil
    ) {
        orders.append(.note(FleetNote(kind, instance: instance, release: release, message)))
    }

    func index(of id: InstanceID) -> Int? {
        members.firstIndex { $0.id == id }
    }

    var wallClock: Duration { epoch + .nanoseconds(asOf.nanoseconds) }

    // MARK: Restart ledgers

    func ledgerIndex(_ release: ReleaseName) -> Int? {
        ledgers.firstIndex { $0.release == release }
    }

    func isCrashLooping(_ release: ReleaseName) -> Bool {
        ledgerIndex(release).map { ledgers[$0].ledger.isCrashLooping } ?? false
    }

    /// The ledger of `release`; a new one pushes out those of releases nobody runs any more.
    mutating func ledgerForWriting(_ release: ReleaseName) -> Int {
        if let index = ledgerIndex(release) { return index }
        let inUse = Set(members.map(\.release) + [stable, rollout?.record.from, rollout?.record.to].compactMap { $0 })
        ledgers.removeAll { !inUse.contains($0.release) }
        let ledger = RestartLedger(
            policy: policy.lifecycle.restart, random: random.split("restarts of \(release) \(nextOrdinal)"))
        ledgers.append((release, ledger))
        return ledgers.count - 1
    }
}
