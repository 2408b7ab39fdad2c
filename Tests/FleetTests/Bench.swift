// A fleet on a bench: a clock, and answers to its orders that a test can bend.

import Fleet
import Health
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

/// Drives one fleet; every order is answered at once unless the test says otherwise.
struct Bench {
    var fleet: Fleet
    var now: Instant
    /// Every order given so far, probes and notes left out.
    var log: [FleetOrder] = []
    var notes: [FleetNote] = []
    /// Releases whose processes exit at once, or never pass a probe.
    var crashing: [ReleaseName] = []
    var neverReady: [ReleaseName] = []
    /// Instances that fail their probes.
    var ill: [InstanceID] = []
    /// Instances that keep requests in flight.
    var busy: [InstanceID] = []
    /// Instances that ignore SIGTERM.
    var stubborn: [InstanceID] = []
    /// Whether probes are answered.
    var answersProbes = true
    private(set) var alive: [(id: InstanceID, release: ReleaseName)] = []

    static let service = ServiceName("app")
    static let v1 = ReleaseName("v1")
    static let v2 = ReleaseName("v2")
    static let v3 = ReleaseName("v3")

    static func id(_ ordinal: UInt32) -> InstanceID { InstanceID(service: service, ordinal: ordinal) }

    static func policy(
        _ min: Int, _ max: Int? = nil, rollout: RolloutPolicy = RolloutPolicy(),
        scaling: ScalingPolicy = ScalingPolicy()
    ) -> FleetPolicy {
        FleetPolicy(
            bounds: ScalingBounds(min: min, max: max ?? min)!, health: HealthPolicy(jitter: 0), scaling: scaling,
            rollout: rollout)
    }

    init(_ policy: FleetPolicy, snapshot: FleetSnapshot? = nil, now: Instant = .zero) {
        fleet = Fleet(
            service: Self.service, policy: policy, release: Self.v1, snapshot: snapshot, seed: 7,
            epoch: .seconds(1_800_000_000), now: now)
        self.now = now
    }

    /// A fleet whose instances are all ready.
    static func running(_ policy: FleetPolicy) -> Bench {
        var bench = Bench(policy)
        bench.tell(.inventoryComplete)
        bench.pass(.seconds(1))
        bench.log = []
        bench.notes = []
        return bench
    }

    @discardableResult
    mutating func tell(_ event: FleetEvent) -> [FleetOrder] {
        let orders = fleet.handle(event, now: now)
        take(orders)
        return orders
    }

    @discardableResult
    mutating func order(_ command: FleetCommand) -> FleetRefusal? {
        switch fleet.command(command, now: now) {
        case .success(let orders):
            take(orders)
            return nil
        case .failure(let refusal): return refusal
        }
    }

    /// Lets time pass, from wake-up to wake-up.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let due = fleet.nextWakeup, due <= end {
            now = max(now, due)
            take(fleet.tick(now: now))
        }
        now = end
    }

    mutating func kill(_ id: InstanceID, _ description: String = "signal 9 (SIGKILL)") {
        alive.removeAll { $0.id == id }
        tell(.exited(id, description: description))
    }

    mutating func isAlive(again id: InstanceID, _ release: ReleaseName) {
        alive.append((id, release))
    }

    /// One sample in which each instance got so many requests more, of which so many failed.
    mutating func sample(_ outcomes: [InstanceID: (requests: Int, failures: Int)], inFlight: [InstanceID: Int] = [:]) {
        for (id, outcome) in outcomes {
            requests[id, default: 0] += outcome.requests
            failures[id, default: 0] += outcome.failures
        }
        tell(.load(counters(inFlight: inFlight)))
    }

    /// Half-second samples of a constant load in flight.
    mutating func load(_ inFlight: Double, for seconds: Int) {
        for _ in 0..<seconds * 2 {
            pass(.milliseconds(500))
            integral += UInt64(inFlight * 5e8)
            tell(.load(counters(inFlight: [:])))
        }
    }

    private var requests: [InstanceID: Int] = [:]
    private var failures: [InstanceID: Int] = [:]
    private var integral: UInt64 = 0

    private func counters(inFlight: [InstanceID: Int]) -> LoadSample {
        LoadSample(
            members: alive.map { id, _ in
                LoadSample.Member(
                    id: id, inFlight: inFlight[id] ?? 0, requestsTotal: requests[id] ?? 0,
                    responses5xx: failures[id] ?? 0, upstreamFailures: 0, connectFailures: 0,
                    consecutiveConnectFailures: 0)
            }, inFlightNanoseconds: integral, heldNow: 0)
    }

    private mutating func take(_ orders: [FleetOrder]) {
        for order in orders {
            switch order {
            case .probe(let id): answerProbe(id)
            case .note(let note): notes.append(note)
            default:
                log.append(order)
                carryOut(order)
            }
        }
    }

    private mutating func answerProbe(_ id: InstanceID) {
        guard answersProbes, let process = alive.first(where: { $0.id == id }) else { return }
        let isWell = !ill.contains(id) && !neverReady.contains(process.release)
        tell(.probed(id, pass: isWell, detail: isWell ? "200" : "503"))
    }

    private mutating func carryOut(_ order: FleetOrder) {
        switch order {
        case .spawn(let id, let release):
            alive.append((id, release))
            if crashing.contains(release) { kill(id, "exit code 1") } else { tell(.spawned(id)) }
        case .drain(let id):
            if !busy.contains(id) { tell(.drained(id)) }
        case .terminate(let id):
            if !stubborn.contains(id), alive.contains(where: { $0.id == id }) { kill(id, "exit code 0") }
        case .kill(let id):
            if alive.contains(where: { $0.id == id }) { kill(id) }
        case .admit, .withhold, .forget, .probe, .note: break
        }
    }

    // MARK: Looking

    var report: FleetReport { fleet.report(now: now) }

    func phases() -> [String] { report.instances.map { "\($0.id.ordinal) \($0.release) \($0.phase)" } }

    func ids(_ release: ReleaseName) -> [InstanceID] {
        report.instances.filter { $0.release == release }.map(\.id)
    }

    func kinds() -> [FleetNote.Kind] { notes.map(\.kind) }
}
