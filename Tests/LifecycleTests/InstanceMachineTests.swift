// The order of an instance's life, and its deadlines.

import Lifecycle
import Testing
import Vocabulary

struct InstanceMachineTests {
    private let policy = LifecyclePolicy(
        spawnTimeout: .seconds(10), startDeadline: .seconds(60), drainDeadline: .seconds(30), stopGrace: .seconds(10),
        killInterval: .seconds(5))

    private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

    private func starting() -> InstanceMachine { .ordered(policy: policy, now: .zero) }

    private func ready() -> InstanceMachine {
        var machine = starting()
        _ = machine.spawned(now: at(0))
        _ = machine.becameHealthy(now: at(1))
        return machine
    }

    @Test func `it goes from starting through ready, draining and stopping to gone`() {
        var machine = starting()
        #expect(machine.phase == .starting && !machine.isProbed)
        #expect(machine.spawned(now: at(0)) == nil)
        #expect(machine.isProbed)
        #expect(machine.becameHealthy(now: at(1)) == .admit)
        #expect(machine.leave(now: at(2)) == .drain)
        #expect(machine.drained(now: at(3)) == .terminate(isOverdue: false))
        #expect(machine.exited(now: at(4)) == .stopped)
        #expect(machine.phase == .gone)
    }

    @Test func `it is withheld and admitted as its health goes and comes`() {
        var machine = ready()
        #expect(machine.becameUnhealthy(now: at(5)) == .withhold)
        #expect(machine.becameUnhealthy(now: at(6)) == nil)
        #expect(machine.becameHealthy(now: at(7)) == .admit)
        #expect(machine.becameHealthy(now: at(8)) == nil)
    }

    @Test func `no late pass brings a draining instance back`() {
        var machine = ready()
        _ = machine.leave(now: at(2))
        #expect(machine.becameHealthy(now: at(3)) == nil)
        #expect(machine.becameUnhealthy(now: at(3)) == nil)
        #expect(machine.phase == .draining)
        #expect(!machine.isProbed)
    }

    @Test func `it is never terminated before it drained, unless the drain deadline passes`() {
        var machine = ready()
        _ = machine.leave(now: at(10))
        #expect(machine.nextDeadline == at(40))
        #expect(machine.tick(now: at(39)) == nil)
        #expect(machine.tick(now: at(40)) == .terminate(isOverdue: true))
        #expect(machine.drained(now: at(41)) == nil)
    }

    @Test func `what is in flight still may be given up on before the last deadline, while it drains`() {
        var machine = ready()
        #expect(machine.drainExpired(now: at(9)) == nil)
        _ = machine.leave(now: at(10))
        #expect(machine.drainExpired(now: at(20)) == .terminate(isOverdue: true))
        #expect(machine.drainExpired(now: at(21)) == nil)
        #expect(machine.drained(now: at(22)) == nil)
    }

    @Test func `it is killed after the grace, and again until it is gone`() {
        var machine = ready()
        _ = machine.leave(now: at(10))
        _ = machine.drained(now: at(11))
        #expect(machine.tick(now: at(20)) == nil)
        #expect(machine.tick(now: at(21)) == .kill)
        #expect(machine.tick(now: at(22)) == nil)
        #expect(machine.tick(now: at(26)) == .kill)
        #expect(machine.exited(now: at(27)) == .stopped)
        #expect(machine.nextDeadline == nil)
    }

    @Test func `one that never served is stopped without a drain`() {
        var machine = starting()
        _ = machine.spawned(now: at(0))
        #expect(machine.leave(now: at(1)) == .terminate(isOverdue: false))
    }

    @Test func `a signal that came before the process is repeated when it appears`() {
        var machine = starting()
        #expect(machine.leave(now: at(1)) == .terminate(isOverdue: false))
        #expect(machine.spawned(now: at(2)) == .terminate(isOverdue: false))
        #expect(machine.tick(now: at(11)) == .kill)
        #expect(machine.spawned(now: at(12)) == .kill)
    }

    @Test func `an unanswered spawn is given up after the spawn timeout`() {
        var machine = starting()
        #expect(machine.nextDeadline == at(10))
        #expect(machine.tick(now: at(10)) == .failSpawn)
        #expect(machine.phase == .gone)
    }

    @Test func `one that never passes a probe is given up at the start deadline`() {
        var machine = starting()
        _ = machine.spawned(now: at(0))
        #expect(machine.nextDeadline == at(60))
        #expect(machine.tick(now: at(60)) == .failStart)
        #expect(machine.phase == .stopping)
        #expect(machine.exited(now: at(61)) == .stopped)
    }

    @Test func `an adopted one must pass a probe, and drains when it does not`() {
        var machine = InstanceMachine.adopted(policy: policy, startedAt: at(0), now: at(100))
        #expect(machine.phase == .starting && machine.isProbed)
        #expect(machine.startedAt == at(0))
        #expect(machine.tick(now: at(160)) == .failAdoption)
        #expect(machine.phase == .draining)
    }

    @Test func `an adopted one drains before it is stopped, for the server before may have used it`() {
        var machine = InstanceMachine.adopted(policy: policy, startedAt: at(0), now: at(100))
        #expect(machine.leave(now: at(101)) == .drain)
    }

    @Test func `how it ended tells what to do about it`() {
        var failed = starting()
        #expect(failed.exited(now: at(1)) == .failedStart)
        var crashed = ready()
        #expect(crashed.exited(now: at(61)) == .crashed(readyFor: .seconds(60)))
        var ill = ready()
        _ = ill.becameUnhealthy(now: at(11))
        #expect(ill.exited(now: at(500)) == .crashed(readyFor: .seconds(10)))
        var leaving = ready()
        _ = leaving.leave(now: at(2))
        #expect(leaving.exited(now: at(3)) == .leftEarly)
    }

    @Test func `leaving twice, draining twice and exiting twice change nothing`() {
        var machine = ready()
        _ = machine.leave(now: at(2))
        #expect(machine.leave(now: at(3)) == nil)
        _ = machine.drained(now: at(4))
        #expect(machine.drained(now: at(5)) == nil)
        #expect(machine.exited(now: at(6)) == .stopped)
        #expect(machine.exited(now: at(7)) == .stopped)
        #expect(machine.leave(now: at(8)) == nil)
    }
}
