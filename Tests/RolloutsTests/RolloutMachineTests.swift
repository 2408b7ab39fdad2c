// A rollout's states: what ends it, what turns it back, and what an operator may do.

import Rollouts
import Statistics
import Testing
import Vocabulary

struct RolloutMachineTests {
    private let v1 = ReleaseName("v1")
    private let v2 = ReleaseName("v2")

    private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

    private func machine(_ undo: RolloutPolicy.Undo = .automatic) -> RolloutMachine {
        RolloutMachine(
            number: 1, from: v1, to: v2, startedAt: .seconds(1000), policy: RolloutPolicy(undo: undo), now: .zero)
    }

    private func census(new: (Int, Int), old: (Int, Int), desired: Int = 3) -> RolloutCensus {
        RolloutCensus(
            desired: desired, newAll: new.0, newAvailable: new.1, oldAll: old.0, oldAvailable: old.1)
    }

    @Test func `it is complete when all new ones count and every old one is gone`() {
        var machine = machine()
        let waiting = [census(new: (3, 2), old: (0, 0)), census(new: (3, 3), old: (1, 0))]
        for census in waiting { #expect(machine.observe(census, wallClock: .zero, now: at(1)) == nil) }
        #expect(
            machine.observe(census(new: (3, 3), old: (0, 0)), wallClock: .seconds(1060), now: at(60)) == .completed)
        #expect(machine.record.state == .completed)
        #expect(machine.record.endedAt == .seconds(1060))
        #expect(machine.record.reason == "all 3 instances run v2")
    }

    @Test func `without progress for the deadline it turns back`() {
        var machine = machine()
        _ = machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(0))
        #expect(machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(599)) == nil)
        #expect(machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(600)) == .undoing)
        #expect(machine.goal == v1)
        #expect(machine.record.reason == "going back to v1: v2 did not become ready for 600 s")
    }

    @Test func `each new instance that counts and each old one gone is progress, going back and forth is not`() {
        var machine = machine()
        _ = machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(0))
        _ = machine.observe(census(new: (1, 1), old: (3, 3)), wallClock: .zero, now: at(500))
        #expect(machine.deadline == at(1100))
        _ = machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(600))
        _ = machine.observe(census(new: (1, 1), old: (3, 3)), wallClock: .zero, now: at(700))
        #expect(machine.deadline == at(1100))
        _ = machine.observe(census(new: (1, 1), old: (2, 2)), wallClock: .zero, now: at(800))
        #expect(machine.deadline == at(1400))
    }

    @Test func `three failed starts in a row before any was ready turn it back`() {
        var machine = machine()
        #expect(machine.startFailed(byDeadline: false, reason: "exit code 1", now: at(1)) == nil)
        #expect(machine.startFailed(byDeadline: false, reason: "exit code 1", now: at(2)) == nil)
        #expect(machine.startFailed(byDeadline: false, reason: "exit code 1", now: at(3)) == .undoing)
        #expect(machine.record.reason == "going back to v1: v2 failed to start 3 times in a row: exit code 1")
    }

    @Test func `failed starts after one was ready do not`() {
        var machine = machine()
        machine.becameReady()
        for second in 1...10 {
            #expect(machine.startFailed(byDeadline: false, reason: "", now: at(second)) == nil)
        }
    }

    @Test func `one that runs and never becomes ready turns it back at its start deadline`() {
        var machine = machine()
        #expect(machine.startFailed(byDeadline: true, reason: "503", now: at(60)) == .undoing)
    }

    @Test func `a crash-looping new release turns it back even after it was ready`() {
        var machine = machine()
        machine.becameReady()
        #expect(machine.crashLooping(reason: "signal 11", now: at(5)) == .undoing)
    }

    @Test func `failing under traffic turns it back, and a useless release is condemned`() {
        var machine = machine()
        #expect(machine.outcomes(new: Tally(failures: 9, requests: 9), old: Tally(), now: at(1)) == nil)
        machine.becameReady()
        #expect(
            machine.outcomes(new: Tally(failures: 9, requests: 9), old: Tally(requests: 9), now: at(2)) == .undoing)
        #expect(machine.progress.isCondemned)
        #expect(machine.record.reason.contains("9 of 9 requests failed on the new release, 0 of 9 requests"))
    }

    @Test func `the old release's answers before the new one served are no baseline`() {
        var machine = machine()
        _ = machine.outcomes(new: Tally(), old: Tally(failures: 900, requests: 1000), now: at(1))
        machine.becameReady()
        #expect(machine.progress.judge.stale == Tally())
    }

    @Test func `when undo is manual a failure holds it for a person`() {
        var machine = machine(.manual)
        #expect(machine.startFailed(byDeadline: true, reason: "503", now: at(60)) == .paused)
        #expect(machine.record.reason == "held because v2 did not become ready: 503; undo it or resume it")
        #expect(machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(9999)) == nil)
        machine.resume(now: at(10_000))
        #expect(machine.state == .rolling)
    }

    @Test func `the progress clock stands still while it is paused`() {
        var machine = machine()
        _ = machine.observe(census(new: (1, 1), old: (3, 3)), wallClock: .zero, now: at(0))
        machine.pause(fresh: 1, now: at(100))
        #expect(machine.observe(census(new: (1, 1), old: (3, 3)), wallClock: .zero, now: at(5000)) == nil)
        machine.resume(now: at(5100))
        #expect(machine.deadline == at(5600))
    }

    @Test func `it is undone when every new one is gone and the old ones serve`() {
        var machine = machine()
        machine.undo(now: at(10))
        #expect(machine.observe(census(new: (1, 0), old: (3, 3)), wallClock: .zero, now: at(11)) == nil)
        #expect(machine.observe(census(new: (0, 0), old: (3, 2)), wallClock: .zero, now: at(12)) == nil)
        #expect(
            machine.observe(census(new: (0, 0), old: (3, 3)), wallClock: .seconds(1013), now: at(13)) == .undone)
        #expect(machine.record.reason == "back on v1: an operator's order")
    }

    @Test func `an undo that gets nowhere for the deadline fails, and says so`() {
        var machine = machine()
        _ = machine.startFailed(byDeadline: true, reason: "503", now: at(60))
        _ = machine.observe(census(new: (0, 0), old: (2, 2)), wallClock: .zero, now: at(61))
        #expect(machine.observe(census(new: (0, 0), old: (2, 2)), wallClock: .zero, now: at(661)) == .failed)
        #expect(machine.state.isFinal)
    }

    @Test func `it carries on from its memory`() {
        var machine = machine()
        machine.becameReady()
        _ = machine.observe(census(new: (1, 1), old: (3, 3)), wallClock: .zero, now: at(0))
        let resumed = RolloutMachine(resuming: machine.progress, machine.policy, at(7000))
        #expect(resumed.progress == machine.progress)
        #expect(resumed.progress.isProven)
        #expect(resumed.deadline == at(7600))
    }
}
