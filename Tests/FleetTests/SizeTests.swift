// How many instances there are: orders, load, settings, and who goes first.

import Fleet
import Health
import Lifecycle
import Scaling
import Testing
import Vocabulary

struct SizeTests {
    private func scale(_ min: Int, _ max: Int? = nil) -> FleetCommand {
        .scale(ScalingBounds(min: min, max: max ?? min)!)
    }

    @Test func `scaling to a number acts at once, up and down`() {
        var bench = Bench.running(Bench.policy(3))
        bench.order(scale(5))
        #expect(bench.alive.count == 5)
        bench.pass(.seconds(1))
        bench.order(scale(2))
        #expect(bench.alive.map(\.id) == [Bench.id(1), Bench.id(2)])
        #expect(bench.report.desiredReason == "2: fixed")
        #expect(bench.notes.contains { $0.message == "from 3 to 5: an operator asks for 5" })
    }

    @Test func `a service can be scaled to nothing and back`() {
        var bench = Bench.running(Bench.policy(2))
        bench.order(scale(0))
        #expect(bench.alive.isEmpty)
        bench.order(scale(2))
        bench.pass(.seconds(1))
        #expect(bench.phases() == ["3 v1 ready", "4 v1 ready"])
    }

    @Test func `the unhealthy go first, then the idlest, then the highest number`() {
        var bench = Bench.running(Bench.policy(6))
        bench.ill = [Bench.id(3)]
        bench.pass(.seconds(4))
        #expect(bench.phases().contains("3 v1 unhealthy"))
        bench.sample([:], inFlight: [Bench.id(1): 2, Bench.id(2): 5, Bench.id(4): 1, Bench.id(5): 2, Bench.id(6): 9])
        bench.log = []
        bench.order(scale(2))
        let drained = bench.log.compactMap { if case .drain(let id) = $0 { id } else { nil } }
        #expect(drained == [Bench.id(3), Bench.id(4), Bench.id(5), Bench.id(1)])
    }

    @Test func `one that only starts goes before one that serves, without a drain`() {
        var bench = Bench.running(Bench.policy(2))
        bench.neverReady = [Bench.v1]
        bench.order(scale(3))
        bench.log = []
        bench.order(scale(2))
        #expect(bench.log.first == .terminate(Bench.id(3)))
    }

    @Test func `load brings instances within two seconds and says why`() {
        var bench = Bench.running(Bench.policy(2, 8))
        bench.load(5, for: 10)
        bench.load(60, for: 2)
        #expect(bench.report.desired == 6)
        #expect(bench.alive.count == 6)
        let note = bench.notes.last { $0.kind == .scaled }
        #expect(note?.message.contains("in flight after a jump, 10 per instance") == true)
    }

    @Test func `bounds from the settings apply when they change, and end an operator's`() {
        var bench = Bench.running(Bench.policy(2, 8))
        bench.order(scale(4))
        var changed = Bench.policy(2, 8)
        changed.health.interval = .seconds(9)
        bench.tell(.policyChanged(changed))
        #expect(bench.report.desired == 4)
        #expect(bench.fleet.snapshot.boundsOverride != nil)
        bench.tell(.policyChanged(Bench.policy(6, 8)))
        #expect(bench.report.desired == 6)
        #expect(bench.report.bounds == ScalingBounds(min: 6, max: 8))
        #expect(bench.fleet.snapshot.boundsOverride == nil)
    }

    @Test func `changed settings spawn and stop nothing by themselves`() {
        var bench = Bench.running(Bench.policy(3))
        var changed = Bench.policy(3)
        changed.health = HealthPolicy(interval: .seconds(5), fall: 7, jitter: 0)
        changed.lifecycle.stopGrace = .seconds(1)
        bench.tell(.policyChanged(changed))
        bench.pass(.seconds(60))
        #expect(bench.log.isEmpty)
    }

    @Test func `an operator's drain starts the replacement first`() {
        var bench = Bench.running(Bench.policy(2))
        bench.neverReady = [Bench.v1]
        bench.order(.drain(Bench.id(1)))
        #expect(bench.log == [.spawn(Bench.id(3), Bench.v1)])
        bench.neverReady = []
        bench.pass(.milliseconds(200))
        #expect(bench.log.contains(.drain(Bench.id(1))))
        #expect(bench.phases() == ["2 v1 ready", "3 v1 ready"])
    }

    @Test func `an unhealthy instance is drained at once`() {
        var bench = Bench.running(Bench.policy(2))
        bench.ill = [Bench.id(1)]
        bench.pass(.seconds(4))
        bench.log = []
        bench.order(.drain(Bench.id(1)))
        #expect(bench.log.contains(.drain(Bench.id(1))))
    }

    @Test func `an instance that only starts is drained at once, in a rollout too`() {
        var bench = Bench.running(Bench.policy(2))
        bench.neverReady = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.order(.drain(Bench.id(3)))
        #expect(bench.log.contains(.terminate(Bench.id(3))))
    }

    @Test func `a drain that makes no sense is refused`() {
        var bench = Bench.running(Bench.policy(2))
        #expect(bench.order(.drain(Bench.id(9)))?.kind == .notFound)
        bench.neverReady = [Bench.v1]
        bench.order(.drain(Bench.id(1)))
        #expect(bench.order(.drain(Bench.id(1)))?.kind == .conflict)
    }
}
