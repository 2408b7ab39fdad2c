// A new server takes over from a dead one: adoption and memory.

import Fleet
import Foundation
import Health
import Lifecycle
import Rollouts
import Scaling
import Testing
import Vocabulary

struct RestartTests {
    private func through(_ snapshot: FleetSnapshot) throws -> FleetSnapshot {
        try JSONDecoder().decode(FleetSnapshot.self, from: JSONEncoder().encode(snapshot))
    }

    /// A new fleet with the memory and the processes of `bench`, a while later.
    private func restarted(_ bench: Bench, _ policy: FleetPolicy) throws -> Bench {
        var next = Bench(policy, snapshot: try through(bench.fleet.snapshot), now: bench.now + .seconds(1))
        next.neverReady = bench.neverReady
        for process in bench.alive {
            next.isAlive(again: process.id, process.release)
            next.tell(.adopted(process.id, release: process.release, startedAt: .zero))
        }
        return next
    }

    @Test func `adopted instances are probed at once and admitted after one pass`() throws {
        let bench = Bench.running(Bench.policy(2))
        var fleet = Bench(Bench.policy(2), snapshot: try through(bench.fleet.snapshot)).fleet
        let orders = fleet.handle(.adopted(Bench.id(1), release: Bench.v1, startedAt: .zero), now: .zero)
        #expect(orders.contains(.probe(Bench.id(1))))
        #expect(!orders.contains(.admit(Bench.id(1))))
        let passed = fleet.handle(.probed(Bench.id(1), pass: true, detail: "200"), now: .zero)
        #expect(passed.first == .admit(Bench.id(1)))
    }

    @Test func `nothing is respawned or stopped before the inventory is complete`() throws {
        let policy = Bench.policy(3)
        var bench = Bench.running(policy)
        bench.order(.scale(ScalingBounds(min: 2, max: 2)!))
        var next = Bench(policy, snapshot: try through(bench.fleet.snapshot))
        next.isAlive(again: Bench.id(1), Bench.v1)
        next.tell(.adopted(Bench.id(1), release: Bench.v1, startedAt: .zero))
        next.pass(.seconds(30))
        #expect(next.log == [.admit(Bench.id(1))])
        next.tell(.inventoryComplete)
        next.pass(.seconds(1))
        #expect(next.log == [.admit(Bench.id(1)), .spawn(Bench.id(4), Bench.v1), .admit(Bench.id(4))])
    }

    @Test func `one that was being stopped is drained and stopped again, never admitted`() throws {
        var bench = Bench.running(Bench.policy(2))
        bench.busy = [Bench.id(2)]
        bench.order(.scale(ScalingBounds(min: 1, max: 1)!))
        #expect(bench.phases() == ["1 v1 ready", "2 v1 draining"])
        let next = try restarted(bench, Bench.policy(2))
        #expect(next.log.contains(.drain(Bench.id(2))))
        #expect(next.log.contains(.terminate(Bench.id(2))))
        #expect(!next.log.contains(.admit(Bench.id(2))))
    }

    @Test func `an operator's bounds survive, until the file's own change`() throws {
        var bench = Bench.running(Bench.policy(2, 8))
        bench.order(.scale(ScalingBounds(min: 5, max: 5)!))
        #expect(try restarted(bench, Bench.policy(2, 8)).report.desired == 5)
        #expect(try restarted(bench, Bench.policy(2, 4)).report.desired == 4)
        #expect(try restarted(bench, Bench.policy(2, 4)).report.bounds == ScalingBounds(min: 2, max: 4))
    }

    @Test func `a rollout goes on where it was`() throws {
        let policy = Bench.policy(3)
        var bench = Bench.running(policy)
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(6))
        var next = try restarted(bench, policy)
        next.tell(.inventoryComplete)
        #expect(next.report.rollout?.record.state == .rolling)
        next.pass(.seconds(60))
        #expect(next.report.rollout?.record.state == .completed)
        #expect(next.report.rollout?.record.number == 1)
        #expect(next.report.stable == Bench.v2)
    }

    @Test func `an undo goes on where it was`() throws {
        let policy = Bench.policy(3)
        var bench = Bench.running(policy)
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(10))
        bench.neverReady = [Bench.v1]
        bench.order(.undoRollout)
        var next = try restarted(bench, policy)
        next.neverReady = []
        next.tell(.inventoryComplete)
        next.pass(.seconds(30))
        #expect(next.report.rollout?.record.state == .undone)
        #expect(next.ids(Bench.v1).count == 3)
    }

    @Test func `a number is never used twice, even if the memory is lost`() {
        var bench = Bench(Bench.policy(2))
        bench.isAlive(again: Bench.id(41), Bench.v1)
        bench.tell(.adopted(Bench.id(41), release: Bench.v1, startedAt: .zero))
        bench.tell(.inventoryComplete)
        #expect(bench.report.instances.map(\.id.ordinal) == [41, 42])
    }

    @Test func `an instance that ended while no server was there is forgotten and replaced`() throws {
        var bench = Bench.running(Bench.policy(1))
        var next = Bench(Bench.policy(1), snapshot: try through(bench.fleet.snapshot))
        #expect(next.tell(.exited(Bench.id(1), description: "exit code 1")).first == .forget(Bench.id(1)))
        #expect(next.notes.first?.message == "app-1 ended while no server was there: exit code 1")
        next.tell(.inventoryComplete)
        next.pass(.seconds(1))
        #expect(next.phases() == ["2 v1 ready"])
        bench.log = []
    }

    @Test func `an adopted instance of a release nobody wants is replaced, the replacement first`() {
        var bench = Bench(Bench.policy(1))
        bench.isAlive(again: Bench.id(5), Bench.v3)
        bench.tell(.adopted(Bench.id(5), release: Bench.v3, startedAt: .zero))
        bench.neverReady = [Bench.v1]
        bench.tell(.inventoryComplete)
        #expect(bench.phases() == ["5 v3 ready", "6 v1 starting"])
        bench.neverReady = []
        bench.pass(.seconds(1))
        #expect(bench.phases() == ["6 v1 ready"])
    }

    @Test func `the memory is the same value after a trip through JSON`() throws {
        var bench = Bench.running(Bench.policy(2, 8))
        bench.order(.scale(ScalingBounds(min: 3, max: 4)!))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(6))
        #expect(try through(bench.fleet.snapshot) == bench.fleet.snapshot)
    }

    @Test(arguments: [
        ("\"nextOrdinal\":3", "\"nextOrdinal\":4294967295"), ("\"desired\":3", "\"desired\":-1"),
        ("\"max\":4", "\"max\":2"), ("\"looks\":0", "\"looks\":9223372036854775807"),
        ("\"number\":1", "\"number\":9223372036854775807"),
        ("\"rolling\"", "\"undone\""),
    ])
    func `a memory that no fleet can have written is refused, not trapped on`(sane: String, mad: String) throws {
        var bench = Bench.running(Bench.policy(2, 8))
        bench.neverReady = [Bench.v1, Bench.v2]
        var snapshot = bench.fleet.snapshot
        bench.order(.startRollout(Bench.v2))
        snapshot.rollout = bench.fleet.snapshot.rollout
        snapshot.desired = 3
        snapshot.boundsOverride = .init(
            ordered: ScalingBounds(min: 3, max: 4)!, overridden: ScalingBounds(min: 2, max: 8)!)
        let text = String(decoding: try JSONEncoder().encode(snapshot), as: UTF8.self)
        #expect(text.contains(sane))
        let changed = Data(text.replacingOccurrences(of: sane, with: mad).utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(FleetSnapshot.self, from: changed) }
    }
}
