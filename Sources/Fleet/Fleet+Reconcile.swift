// Comparing what is there with what should be, and ordering the difference.
//
// There is one arithmetic for everything. Instances of the goal release that are meant to stay are fresh, all others
// are stale: the old release in a rollout, the new one in an undo, an instance an operator drains, the leftovers of a
// rollout that failed. `RollingBudget` says how many of each to start and stop. So each of these keeps the same budget:
// a replacement serves before what serves is stopped, and no more processes than `desired + surge` run.

import Health
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

extension Fleet {
    /// The release every instance should run in the end.
    var goal: ReleaseName { rollout?.goal ?? stable }

    mutating func reconcile(_ now: Instant) {
        // An ended rollout changes the goal or the settle time: look again. It ends once, turns back once at most.
        for _ in 0..<3 {
            let census = rolloutCensus(now)
            let time = wallClock
            let change = rollout?.observe(census, wallClock: time, now: now)
            if change == nil { break }
            apply(change, now)
        }
        if let rollout, rollout.state == .paused {
            reconcilePaused(rollout, now)
        } else {
            reconcileMoving(now)
        }
    }

    // MARK: Counting

    /// Whether it serves, and has done so for long enough to count on.
    func isAvailable(_ member: FleetMember, _ now: Instant) -> Bool {
        guard !member.life.isLeaving, let readyFor = member.life.readyFor(now: now) else { return false }
        guard let rollout, rollout.state == .rolling, member.release == rollout.goal else { return true }
        return readyFor >= policy.rollout.settle
    }

    private func isFresh(_ member: FleetMember) -> Bool {
        member.release == goal && member.isStaying
    }

    private func isStale(_ member: FleetMember) -> Bool {
        !member.life.isLeaving && !isFresh(member)
    }

    /// Whether a stale instance is worth waiting for. One of a useless release is not, once another can serve.
    private func isStaleAvailable(_ member: FleetMember, _ now: Instant) -> Bool {
        guard isStale(member), isAvailable(member, now) else { return false }
        guard let rollout, rollout.state == .undoing, rollout.progress.isCondemned,
            member.release == rollout.record.to
        else { return true }
        return !members.contains { isFresh($0) && $0.isReady }
    }

    private func rolloutCensus(_ now: Instant) -> RolloutCensus {
        let new = rollout?.record.to
        return RolloutCensus(
            desired: scaler.desired,
            newAll: members.count { $0.release == new },
            newAvailable: members.count { $0.release == new && $0.isStaying && isAvailable($0, now) },
            oldAll: members.count { $0.release != new },
            oldAvailable: members.count { $0.release != new && $0.isStaying && isAvailable($0, now) },
            lastWord: members.last { $0.release == new && $0.isStaying && !$0.isReady }?.detail)
    }

    // MARK: Moving towards the goal

    private mutating func reconcileMoving(_ now: Instant) {
        dropRetiredIdle(now)
        let isRolling = rollout?.state == .rolling
        let census = RollingCensus(
            desired: scaler.desired,
            fresh: members.count { isFresh($0) },
            freshAvailable: members.count { isFresh($0) && isAvailable($0, now) },
            stale: members.count { isStale($0) },
            staleAvailable: members.count { isStaleAvailable($0, now) },
            all: members.count)
        let step = RollingBudget(policy.rollout, desired: scaler.desired).step(
            census, isProven: !isRolling || rollout?.progress.isProven == true, dropsUnavailable: !isRolling)
        let why = staleReason
        let useless = members.filter { isStale($0) && !isStaleAvailable($0, now) }
        let serving = members.filter { isStaleAvailable($0, now) }
        stop(step.stopUnavailable, of: useless, because: why, now)
        stop(step.stopAvailable, of: serving, because: why, now)
        stop(
            census.fresh - census.desired, of: members.filter(isFresh), because: "\(census.desired) are wanted", now)
        spawn(goal, missing: step.spawnFresh, now)
        if let rollout, isRolling, !isCrashLooping(rollout.record.from) {
            spawn(rollout.record.from, missing: step.spawnStale, now)
        }
    }

    private var staleReason: String {
        switch rollout?.state {
        case .rolling?: "rollout to \(goal)"
        case .undoing?: "rollout goes back to \(goal)"
        default: "it is replaced"
        }
    }

    // MARK: Holding still

    /// Paused: both releases keep their share. The dead are replaced, growth goes to the old release.
    private mutating func reconcilePaused(_ rollout: RolloutMachine, _ now: Instant) {
        dropRetiredIdle(now)
        let desired = scaler.desired
        let budget = RollingBudget(policy.rollout, desired: desired)
        let serving = members.count { isAvailable($0, now) }
        let retired = members.filter { $0.isRetired && isAvailable($0, now) }
        stop(serving - desired + budget.unavailable, of: retired, because: "it is replaced", now)
        let staying = members.count { $0.isStaying }
        stop(
            staying - desired - budget.surge, of: members.filter(\.isStaying), because: "\(desired) are wanted", now)
        let missing = min(desired - staying, desired + budget.surge - members.count)
        guard missing > 0 else { return }
        let new = members.count { $0.isStaying && $0.release == rollout.record.to }
        let newMissing = max(min(missing, (rollout.progress.freshWhenPaused ?? 0) - new), 0)
        spawn(rollout.record.to, missing: newMissing, now)
        spawn(rollout.record.from, missing: missing - newMissing, now)
    }

    // MARK: Starting and stopping

    /// Lets go at once what an operator drains and what serves nothing.
    private mutating func dropRetiredIdle(_ now: Instant) {
        let idle = members.filter { $0.isRetired && !$0.isReady && !$0.life.isLeaving }
        stop(idle.count, of: idle, because: "an operator drains it", now)
    }

    /// Lets the first `count` victims among `candidates` go.
    private mutating func stop(_ count: Int, of candidates: [FleetMember], because reason: String, _ now: Instant) {
        guard count > 0 else { return }
        let victims = candidates.sorted { left, right in
            left.isVictim(before: right, ageOf: ageRank)
        }
        for victim in victims.prefix(count) {
            if let index = index(of: victim.id) { leave(index, because: reason, now) }
        }
    }

    /// Releases by age, the oldest lowest: the goal is the newest in spirit, else the first ordinal decides.
    private func ageRank(_ release: ReleaseName) -> Int {
        if release == goal { return .max }
        return members.first { $0.release == release }.map { Int($0.id.ordinal) } ?? 0
    }

    private mutating func spawn(_ release: ReleaseName, missing: Int, _ now: Instant) {
        guard missing > 0 else { return }
        var allowed = missing
        let ledger = ledgerIndex(release)
        if let ledger {
            let starting = members.count { $0.release == release && $0.life.phase == .starting }
            allowed = ledgers[ledger].ledger.allowance(deficit: missing, starting: starting, now: now)
        }
        for _ in 0..<max(allowed, 0) {
            let attempt = ledger.map { ledgers[$0].ledger.takeAttempt(now: now) } ?? 0
            let id = InstanceID(service: service, ordinal: nextOrdinal)
            nextOrdinal += 1
            members.append(
                FleetMember(
                    id: id, release: release, life: .ordered(policy: policy.lifecycle, now: now),
                    health: HealthMachine(policy: policy.health, random: random.split("probes of \(id)"), now: now),
                    attempt: attempt))
            orders.append(.spawn(id, release))
            let again = attempt > 0 ? ", after \(attempt == 1 ? "a failure" : "\(attempt) failures in a row")" : ""
            note(.instanceStarting, "\(id) starts with \(release)\(again)", instance: id, release: release)
        }
    }
}
