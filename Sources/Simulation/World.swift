// A simulated machine: processes that boot, serve, hang and die; a gateway with load; a keeper that outlives the server;
// and the server's actor around one `Fleet`. One thread, one clock, one seed. Everything the fleet orders is carried
// out with small random delays, and `Invariants` checks every order before it is.
//
// The fleet under test is the real one. What is modelled here is only what it can't see: the rest of the world.

import Fleet
import Rollouts
import Vocabulary

/// A simulated world driving one fleet through a script. Pure.
package struct World {
    enum Happening {
        /// An answer on its way to the server of that generation.
        case tell(FleetEvent, generation: Int)
        case wake(generation: Int)
        case sample(generation: Int)
        case serverStarts
        case booted(InstanceID)
        case exit(InstanceID, String)
        case resume(InstanceID)
        case arrival(stream: Int)
        case answer(InstanceID, generation: Int)
        case step(Int)
        case calm
    }

    struct Process {
        let id: InstanceID
        let release: ReleaseName
        let conduct: Conduct
        let startedAt: Instant
        var isServing = false
        var isHung = false
        /// SIGTERM or SIGKILL was sent.
        var isEnding = false
    }

    let script: Script
    var random: SeededRandom
    var now = Instant.zero
    var queue = EventQueue<Happening>()
    var transcript: [TranscriptLine] = []

    // The keeper's part: it outlives the server.
    /// Alive, in the order of their ordinals.
    var processes: [Process] = []
    /// Ended, and not forgotten yet.
    var exits: [(id: InstanceID, description: String)] = []
    var saved: FleetSnapshot?

    // The server's part.
    var fleet: Fleet
    var gateway: SimulatedGateway
    /// Counts up with each server.
    var generation = 0
    var isServerUp = true
    var policy: FleetPolicy
    var wakeAt: Instant?
    /// The server dies after carrying out so many orders more.
    var ordersBeforeDeath: Int?
    /// Requests that came while no server was there: the keeper's sockets hold them.
    var backlog = 0

    var isCalm = false
    var load = 0.0
    var loadStream = 0
    var invariants: Invariants
    var lostWithServer = 0
    var answeredBefore = 0
    var failedBefore = 0

    /// Runs the whole script, or until the first broken rule. Deterministic.
    package static func run(_ script: Script) -> SimulationOutcome {
        var world = World(script)
        world.run()
        let report = world.fleet.report(now: world.now)
        return SimulationOutcome(
            seed: script.seed, violation: world.invariants.violation, transcript: world.transcript,
            endedAt: world.now, answered: world.answeredBefore + world.gateway.answeredRequests,
            failed: world.failedBefore + world.gateway.failedRequests + world.lostWithServer, report: report)
    }

    private init(_ script: Script) {
        self.script = script
        policy = script.policy
        random = SeededRandom(seed: script.seed).split("world")
        fleet = Self.makeFleet(script, script.policy, nil, 0, .zero)
        gateway = SimulatedGateway(now: .zero)
        invariants = Invariants()
    }

    static func makeFleet(
        _ script: Script, _ policy: FleetPolicy, _ snapshot: FleetSnapshot?, _ generation: Int, _ now: Instant
    ) -> Fleet {
        Fleet(
            service: ServiceName("app"), policy: policy, release: script.release, snapshot: snapshot,
            seed: script.seed &+ UInt64(generation), now: now)
    }

    private mutating func run() {
        for (number, step) in script.steps.enumerated() { queue.plan(.step(number), at: .zero + step.at) }
        queue.plan(.calm, at: .zero + script.calmFrom)
        startServer()
        while invariants.violation == nil, let next = queue.next() {
            if next.at > .zero + script.end {
                invariants.violation = "not at rest by \(script.end): \(restlessness ?? "?")"
                break
            }
            now = next.at
            happen(next.happening)
            // Requests alone change nothing about the instances.
            switch next.happening {
            case .arrival, .answer: continue
            default: if isCalm, isServerUp, restlessness == nil { return }
            }
        }
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .tell(let event, let generation):
            if generation == self.generation, isServerUp { tell(event) }
        case .wake(let generation):
            guard generation == self.generation, isServerUp, wakeAt == now else { return }
            wakeAt = nil
            perform(fleet.tick(now: now))
        case .sample(let generation):
            guard generation == self.generation, isServerUp, let every = script.sampling else { return }
            tell(.load(gateway.sample(now: now)))
            queue.plan(.sample(generation: generation), at: now + every)
        case .serverStarts: startServer()
        case .booted(let id): booted(id)
        case .exit(let id, let description): exit(id, description)
        case .resume(let id):
            if let index = process(id) { processes[index].isHung = false }
        case .arrival(let stream): arrive(stream)
        case .answer(let id, let generation): answer(id, generation)
        case .step(let number): perform(script.steps[number].step)
        case .calm: becomeCalm()
        }
    }

    func process(_ id: InstanceID) -> Int? {
        processes.firstIndex { $0.id == id }
    }

    mutating func say(_ text: String) {
        transcript.append(TranscriptLine(at: now, what: .world(text)))
    }

    /// Why the world is not at rest yet; `nil` when it is.
    private var restlessness: String? {
        let report = fleet.report(now: now)
        if let rollout = report.rollout, !rollout.record.state.isFinal { return "a rollout is \(rollout.record.state)" }
        if report.instances.count != report.desired {
            return "\(report.instances.count) of \(report.desired) instances"
        }
        if processes.count != report.desired { return "\(processes.count) processes for \(report.desired) instances" }
        if let odd = report.instances.first(where: { $0.phase != "ready" || $0.release != report.stable }) {
            return "\(odd.id) of \(odd.release) is \(odd.phase)"
        }
        return nil
    }
}
