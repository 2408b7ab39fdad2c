// Rolling a service over to another release, and back.

import Fleet
import Health
import Lifecycle
import Rollouts
import Scaling
import Statistics
import Testing
import Vocabulary

struct RolloutTests {
    private func state(_ bench: Bench) -> RolloutState? { bench.report.rollout?.record.state }

    private func spawned(_ bench: Bench, _ release: ReleaseName) -> Int {
        bench.log.count { if case .spawn(_, release) = $0 { true } else { false } }
    }

    @Test func `one after the other is replaced, each new one first`() {
        var bench = Bench.running(Bench.policy(3))
        #expect(bench.order(.startRollout(Bench.v2)) == nil)
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready", "3 v1 ready", "4 v2 ready"])
        bench.pass(.seconds(4))
        #expect(bench.alive.count == 4, "it has not settled yet")
        bench.pass(.seconds(1))
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready", "4 v2 ready", "5 v2 ready"])
        bench.pass(.seconds(10))
        #expect(bench.phases() == ["4 v2 ready", "5 v2 ready", "6 v2 ready"])
        #expect(state(bench) == .completed)
        #expect(bench.report.stable == Bench.v2)
        #expect(bench.report.rollout?.replaced == 3)
        #expect(bench.kinds().contains(.rolloutCompleted))
    }

    @Test func `the end of the settle time is a reason to wake up`() {
        var policy = Bench.policy(1)
        policy.health.interval = .seconds(60)
        var bench = Bench.running(policy)
        bench.order(.startRollout(Bench.v2))
        #expect(bench.fleet.nextWakeup == bench.now + .seconds(5))
    }

    @Test func `it is not complete before the last old process is gone`() {
        var bench = Bench.running(Bench.policy(2))
        bench.stubborn = [Bench.id(1)]
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(19))
        #expect(bench.ids(Bench.v1) == [Bench.id(1)])
        #expect(state(bench) == .rolling)
        bench.pass(.seconds(2))
        #expect(state(bench) == .completed)
    }

    @Test func `unhealthy old ones go first`() {
        var bench = Bench.running(Bench.policy(3))
        bench.ill = [Bench.id(1)]
        bench.pass(.seconds(4))
        bench.log = []
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(5))
        let drained = bench.log.compactMap { if case .drain(let id) = $0 { id } else { nil } }
        #expect(drained.first == Bench.id(1))
    }

    @Test func `a release that crashes at its start is undone after three tries, and no old one is touched`() {
        var bench = Bench.running(Bench.policy(3))
        bench.crashing = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(30))
        #expect(state(bench) == .undone)
        #expect(spawned(bench, Bench.v2) == 3)
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready", "3 v1 ready"])
        #expect(bench.report.rollout?.record.reason == "back on v1: v2 failed to start 3 times in a row: exit code 1")
        #expect(bench.report.stable == Bench.v1)
    }

    @Test func `a release that never gets ready is undone at the start deadline, and no old one is touched`() {
        var bench = Bench.running(Bench.policy(3))
        bench.neverReady = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(59))
        #expect(state(bench) == .rolling)
        bench.pass(.seconds(1))
        #expect(state(bench) == .undone)
        #expect(spawned(bench, Bench.v2) == 1)
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready", "3 v1 ready"])
    }

    @Test func `a progress deadline shorter than the start deadline undoes it too, and tells the last probe`() {
        var bench = Bench.running(Bench.policy(3, rollout: RolloutPolicy(deadline: .seconds(20))))
        bench.neverReady = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(20))
        #expect(state(bench) == .undone)
        #expect(
            bench.report.rollout?.record.reason
                == "back on v1: v2 did not become ready for 20 s, last probe: 503")
    }

    @Test func `a release that answers 500 leaves rotation at once`() {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        bench.log = []
        bench.sample([Bench.id(4): (5, 5), Bench.id(1): (5, 0), Bench.id(2): (5, 0), Bench.id(3): (5, 0)])
        #expect(bench.log.first == .drain(Bench.id(4)))
        #expect(state(bench) == .undone)
        #expect(bench.report.rollout?.record.reason.contains("5 of 5 requests failed on the new release") == true)
    }

    @Test func `a useless release that replaced some goes as soon as one of the old serves`() {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(5))
        #expect(bench.ids(Bench.v2) == [Bench.id(4), Bench.id(5)])
        bench.neverReady = [Bench.v1]
        bench.sample([Bench.id(4): (9, 9), Bench.id(1): (9, 0), Bench.id(2): (9, 0)])
        #expect(bench.ids(Bench.v2).isEmpty)
        #expect(bench.phases().contains("1 v1 ready") && bench.phases().contains("2 v1 ready"))
    }

    @Test func `a release that is worse, yet of use, serves until its replacements do`() {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(10))
        #expect(bench.ids(Bench.v2).count == 3 && bench.ids(Bench.v1).count == 1)
        bench.neverReady = [Bench.v1]
        bench.log = []
        bench.sample([Bench.id(4): (100, 20), Bench.id(5): (100, 20), Bench.id(1): (300, 0)])
        #expect(state(bench) == .undoing)
        let serving = bench.report.instances.count { $0.phase == "ready" }
        #expect(serving == 3)
        bench.neverReady = []
        bench.pass(.seconds(5))
        #expect(state(bench) == .undone)
        #expect(bench.report.instances.map(\.release) == [Bench.v1, Bench.v1, Bench.v1])
    }

    @Test func `nothing of a release is spawned once its undo has begun`() throws {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(10))
        bench.log = []
        bench.neverReady = [Bench.v1]
        bench.order(.undoRollout)
        bench.kill(try #require(bench.ids(Bench.v2).first))
        bench.pass(.seconds(5))
        bench.neverReady = []
        bench.pass(.seconds(30))
        #expect(spawned(bench, Bench.v2) == 0)
        #expect(state(bench) == .undone)
    }

    @Test func `a release that crashes again and again under traffic is undone`() {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        for _ in 0..<5 {
            bench.pass(.seconds(4))
            if let id = bench.ids(Bench.v2).first { bench.kill(id, "signal 11 (SIGSEGV)") }
        }
        #expect(bench.report.rollout?.record.reason.contains("v2 crashes again and again") == true)
        bench.pass(.seconds(10))
        #expect(state(bench) == .undone)
    }

    @Test func `while it is unproven a dead old one is replaced by an old one`() {
        var bench = Bench.running(Bench.policy(3))
        bench.neverReady = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.kill(Bench.id(2))
        bench.pass(.seconds(1))
        #expect(bench.ids(Bench.v1).count == 3)
        #expect(bench.ids(Bench.v2).count == 1)
    }

    @Test func `a paused rollout keeps both shares, and growth goes to the old release`() throws {
        var bench = Bench.running(Bench.policy(3))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(5))
        bench.order(.pauseRollout)
        bench.pass(.seconds(1000))
        #expect(bench.ids(Bench.v1).count == 2 && bench.ids(Bench.v2).count == 2)
        bench.kill(try #require(bench.ids(Bench.v2).first))
        bench.kill(try #require(bench.ids(Bench.v1).first))
        bench.pass(.seconds(1))
        #expect(bench.ids(Bench.v1).count == 1 && bench.ids(Bench.v2).count == 2)
        bench.order(.scale(ScalingBounds(min: 5, max: 5)!))
        bench.pass(.seconds(1))
        #expect(bench.ids(Bench.v1).count == 3 && bench.ids(Bench.v2).count == 2)
        bench.order(.resumeRollout)
        bench.pass(.seconds(60))
        #expect(state(bench) == .completed)
        #expect(bench.ids(Bench.v2).count == 5)
    }

    @Test func `when undo is manual a bad release holds the rollout for a person`() {
        var bench = Bench.running(Bench.policy(3, rollout: RolloutPolicy(undo: .manual)))
        bench.crashing = [Bench.v2]
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(30))
        #expect(state(bench) == .paused)
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready", "3 v1 ready"])
        bench.order(.undoRollout)
        #expect(state(bench) == .undone)
    }

    @Test func `a service without any instance rolls over to the new release alone`() {
        var bench = Bench.running(Bench.policy(0, 3))
        #expect(bench.alive.isEmpty)
        bench.order(.startRollout(Bench.v2))
        #expect(state(bench) == .completed)
        bench.order(.scale(ScalingBounds(min: 2, max: 2)!))
        #expect(bench.ids(Bench.v2).count == 2)
    }

    @Test func `a crash-looping stable release is left by a rollout to one that works`() {
        var bench = Bench(Bench.policy(3))
        bench.crashing = [Bench.v1]
        bench.tell(.inventoryComplete)
        bench.pass(.seconds(20))
        bench.log = []
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(10))
        #expect(state(bench) == .completed)
        #expect(spawned(bench, Bench.v1) == 0)
    }

    @Test func `an undo after completion is a rollout to the stable release before`() {
        var bench = Bench.running(Bench.policy(2))
        bench.order(.startRollout(Bench.v2))
        bench.pass(.seconds(30))
        #expect(bench.report.stable == Bench.v2)
        bench.crashing = [Bench.v3]
        bench.order(.startRollout(Bench.v3))
        bench.pass(.seconds(30))
        #expect(state(bench) == .undone)
        #expect(bench.order(.undoRollout) == nil)
        #expect(bench.report.rollout?.record.to == Bench.v1)
        #expect(bench.report.rollout?.record.number == 3)
        bench.pass(.seconds(30))
        #expect(bench.report.stable == Bench.v1)
    }

    @Test func `orders that do not fit are refused and change nothing`() {
        var bench = Bench.running(Bench.policy(2))
        #expect(bench.order(.undoRollout)?.kind == .conflict)
        #expect(bench.order(.pauseRollout)?.kind == .notFound)
        #expect(bench.order(.resumeRollout)?.kind == .notFound)
        #expect(bench.order(.startRollout(Bench.v1))?.message == "app runs v1 already")
        bench.order(.startRollout(Bench.v2))
        #expect(bench.order(.startRollout(Bench.v3))?.message == "a rollout to v2 is rolling")
        #expect(bench.order(.resumeRollout)?.kind == .conflict)
        bench.order(.undoRollout)
        #expect(state(bench) == .undone)
        #expect(bench.order(.pauseRollout)?.kind == .notFound)
    }

    @Test func `load never shrinks a service while it rolls over`() {
        var scaling = ScalingPolicy()
        scaling.downStabilisation = .seconds(2)
        scaling.downPeriod = .seconds(1)
        scaling.stableWindow = .seconds(2)
        var bench = Bench.running(Bench.policy(1, 6, scaling: scaling))
        bench.load(55, for: 10)
        #expect(bench.report.desired == 6)
        bench.order(.startRollout(Bench.v2))
        bench.load(15, for: 20)
        #expect(bench.report.desired == 6)
        bench.load(15, for: 60)
        #expect(state(bench) == .completed)
        #expect(bench.report.desired == 2)
    }

    @Test func `the newest twenty rollouts are remembered`() {
        var bench = Bench.running(Bench.policy(1))
        for number in 0..<25 {
            bench.order(.startRollout(number % 2 == 0 ? Bench.v2 : Bench.v1))
            bench.pass(.seconds(10))
        }
        let history = bench.fleet.snapshot.history
        #expect(history.map(\.number) == Array(6...25))
        #expect(history.allSatisfy { $0.state == .completed })
        #expect(history.allSatisfy { $0.startedAt > .seconds(1_800_000_000) })
    }
}
