// The rules no story may break, checked at every order against the world itself, not against the fleet's own books.

import Fleet
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

/// Watches one simulation. Pure. Keeps only the first violation.
struct Invariants {
    var violation: String?
    private var spawned: [InstanceID] = []
    private var drained: [(id: InstanceID, at: Instant)] = []
    private var terminated: [(id: InstanceID, at: Instant)] = []
    private var retired: [InstanceID] = []
    /// Passed a probe since this server started.
    private var passed: [InstanceID] = []
    private var probing: [InstanceID] = []
    /// Releases whose rollout went back; none of them may be spawned until a new rollout to them.
    private var undone: [ReleaseName] = []

    mutating func serverStarted() {
        passed = []
        probing = []
    }

    private mutating func fail(_ text: String) {
        if violation == nil { violation = text }
    }

    // MARK: Events

    mutating func before(_ event: FleetEvent, _ world: World) {
        if case .probed(let id, let pass, _) = event {
            probing.removeAll { $0 == id }
            if pass { passed.append(id) }
        }
    }

    mutating func after(_ event: FleetEvent, _ orders: [FleetOrder], _ world: World) {
        if case .exited(let id, _) = event, orders.first != .forget(id) {
            fail("\(id) is dead, and the first order is not to forget it: \(orders.first.map { "\($0)" } ?? "none")")
        }
        // Every turn that matters here comes with a note.
        guard !orders.isEmpty else { return }
        let report = world.fleet.report(now: world.now)
        noteUndo(report)
        if report.desired < report.bounds.min || report.desired > report.bounds.max {
            fail("\(report.desired) desired, outside \(report.bounds)")
        }
    }

    mutating func obeyed(_ command: FleetCommand, _ world: World) {
        if case .drain(let id) = command { retired.append(id) }
        if case .startRollout(let release) = command { undone.removeAll { $0 == release } }
        let report = world.fleet.report(now: world.now)
        // An undo after completion is a rollout like any other.
        if let rollout = report.rollout, rollout.record.state == .rolling {
            undone.removeAll { $0 == rollout.record.to }
        }
        noteUndo(report)
    }

    private mutating func noteUndo(_ report: FleetReport) {
        if let record = report.rollout?.record, record.state == .undoing || record.state == .undone,
            report.stable != record.to, !undone.contains(record.to)
        {
            undone.append(record.to)
        }
    }

    // MARK: Orders

    mutating func check(_ order: FleetOrder, _ world: World) {
        switch order {
        case .spawn(let id, let release): checkSpawn(id, release, world)
        case .probe(let id):
            if probing.contains(id) { fail("\(id) is probed while a probe is under way") }
            probing.append(id)
            // A lost answer is made good by the fleet's own deadline.
            if world.script.lostProbes > 0 { probing.removeAll { $0 == id } }
        case .admit(let id):
            if drained.contains(where: { $0.id == id }) { fail("\(id) is admitted after it drained") }
            if !passed.contains(id) { fail("\(id) is admitted without a passed probe of this server") }
        case .drain(let id):
            checkDrain(id, world)
            drained.removeAll { $0.id == id }
            drained.append((id, world.now))
        case .terminate(let id): checkTerminate(id, world)
        case .kill(let id): checkKill(id, world)
        case .withhold, .forget, .note: break
        }
    }

    private mutating func checkSpawn(_ id: InstanceID, _ release: ReleaseName, _ world: World) {
        if spawned.contains(id) { fail("\(id) is spawned twice") }
        spawned.append(id)
        if undone.contains(release) { fail("\(id) is spawned of \(release), which was undone") }
        let report = world.fleet.report(now: world.now)
        let budget = RollingBudget(world.policy.rollout, desired: report.desired)
        let alive = world.processes.count { !$0.isEnding }
        if alive + 1 > report.desired + budget.surge {
            fail("\(id) is spawned though \(alive) run, \(report.desired) + \(budget.surge) may")
        }
    }

    private mutating func checkDrain(_ id: InstanceID, _ world: World) {
        guard let index = world.gateway.index(of: id), world.gateway.backends[index].standing == .ready,
            world.process(id) != nil
        else { return }
        let report = world.fleet.report(now: world.now)
        let budget = RollingBudget(world.policy.rollout, desired: report.desired)
        let others = world.gateway.backends.filter { $0.standing == .ready && $0.id != id }
        let release = report.instances.first { $0.id == id }?.release
        let isUseless = report.rollout.map { rollout in
            rollout.record.state == .undoing && rollout.record.to == release
                && world.script.conducts.contains { $0.release == release && $0.conduct.failing >= 0.5 }
        }
        if isUseless != true, others.count < report.desired - budget.unavailable {
            fail("\(id) drains and leaves \(others.count) serving of \(report.desired) - \(budget.unavailable)")
        }
        if report.rollout?.record.state == .undoing, report.rollout?.record.from == release, !retired.contains(id) {
            let same = report.instances.count { $0.release == release }
            if same <= report.desired { fail("\(id) of the old release drains while the rollout is undone") }
        }
    }

    private mutating func checkTerminate(_ id: InstanceID, _ world: World) {
        terminated.append((id, world.now))
        guard let index = world.gateway.index(of: id), world.gateway.backends[index].inFlight > 0 else { return }
        let inFlight = world.gateway.backends[index].inFlight
        guard let drain = drained.last(where: { $0.id == id }) else {
            return fail("\(id) gets SIGTERM with \(inFlight) in flight and was never drained")
        }
        if world.now - drain.at < world.shortestDrain {
            fail("\(id) gets SIGTERM with \(inFlight) in flight, \(world.now - drain.at) after its drain")
        }
    }

    private mutating func checkKill(_ id: InstanceID, _ world: World) {
        // Without a place in the report it was given up before anybody knew of its process.
        guard world.fleet.report(now: world.now).instances.contains(where: { $0.id == id }) else { return }
        guard let terminate = terminated.last(where: { $0.id == id }) else {
            return fail("\(id) gets SIGKILL without SIGTERM")
        }
        if world.now - terminate.at < .seconds(1) { fail("\(id) gets SIGKILL right after SIGTERM") }
    }
}

extension World {
    /// The shortest drain deadline the script ever sets.
    var shortestDrain: Duration {
        script.steps.reduce(script.policy.lifecycle.drainDeadline) { shortest, step in
            guard case .changePolicy(let changed) = step.step else { return shortest }
            return min(shortest, changed.lifecycle.drainDeadline)
        }
    }
}
