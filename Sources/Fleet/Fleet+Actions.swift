// Time and consequences: deadlines, probes, and turning an instance's actions into orders.

import Health
import Lifecycle
import Rollouts
import Vocabulary

extension Fleet {
    // MARK: Deadlines

    mutating func passDeadlines(_ now: Instant) {
        for id in members.map(\.id) {
            guard let index = index(of: id), let action = members[index].life.tick(now: now) else { continue }
            perform(action, index, now)
        }
    }

    /// Lets an instance go, if it is not going already.
    mutating func leave(_ index: Int, because reason: String, _ now: Instant) {
        guard let action = members[index].life.leave(now: now) else { return }
        let id = members[index].id
        note(.instanceDraining, "\(id) is let go: \(reason)", instance: id, release: members[index].release)
        perform(action, index, now)
    }

    /// Turns an action into orders. May remove the member at `index`.
    mutating func perform(_ action: InstanceAction, _ index: Int, _ now: Instant) {
        let member = members[index]
        let id = member.id
        let start = policy.lifecycle.startDeadline
        switch action {
        case .admit: orders.append(.admit(id))
        case .withhold: orders.append(.withhold(id))
        case .drain: orders.append(.drain(id))
        case .terminate(let isOverdue):
            orders.append(.terminate(id))
            let why =
                isOverdue
                ? "\(id) has had its time to drain, with \(member.inFlight) requests in flight"
                : "\(id) has nothing in flight"
            note(.instanceStopping, "SIGTERM: \(why)", instance: id, release: member.release)
        case .kill:
            orders.append(.kill(id))
            note(
                .instanceKilled, "SIGKILL: \(id) did not end within \(policy.lifecycle.stopGrace.inWords)",
                instance: id,
                release: member.release)
        case .failSpawn:
            orders.append(.kill(id))
            orders.append(.forget(id))
            members.remove(at: index)
            let reason = "no word of its process for \(policy.lifecycle.spawnTimeout)"
            note(.instanceFailed, "\(id) could not be started: \(reason)", instance: id, release: member.release)
            countFailedStart(member, byDeadline: false, reason, now)
        case .failStart, .failAdoption:
            orders.append(action == .failStart ? .terminate(id) : .drain(id))
            let reason = "not ready within \(start.inWords), last probe: \(member.detail ?? "none answered")"
            note(.instanceFailed, "\(id) is given up: \(reason)", instance: id, release: member.release)
            countFailedStart(member, byDeadline: true, reason, now)
        }
    }

    // MARK: Probes

    /// When the instance is to be probed, or the probe under way given up.
    func probeDue(_ member: FleetMember) -> Instant {
        member.probedAt.map { $0 + policy.health.timeout + Self.probeGrace } ?? member.health.nextProbe
    }

    mutating func probe(_ now: Instant) {
        for index in members.indices where members[index].life.isProbed {
            if members[index].probedAt != nil, now >= probeDue(members[index]) {
                takeProbe(index, pass: false, "the probe was not answered", now)
            }
            guard members[index].probedAt == nil, now >= members[index].health.nextProbe else { continue }
            members[index].probedAt = now
            orders.append(.probe(members[index].id))
        }
    }

    // MARK: Crash loops and long illness

    mutating func endCrashLoops(_ now: Instant) {
        for index in ledgers.indices {
            let release = ledgers[index].release
            let hasReady = members.contains { $0.release == release && $0.isReady }
            if ledgers[index].ledger.settle(hasReady: hasReady, now: now) {
                note(.crashLoopEnded, "\(release) holds again", release: release)
            }
        }
    }

    /// When an unhealthy instance is replaced; `nil` when it is left.
    func replacementDue(_ member: FleetMember) -> Instant? {
        policy.lifecycle.unhealthyDeadline.map { member.life.since + $0 }
    }

    /// One at a time: when what they all depend on is down, replacing them all helps nobody.
    mutating func replaceLongUnhealthy(_ now: Instant) {
        guard !members.contains(where: { $0.life.phase == .starting }),
            let index = members.firstIndex(where: { member in
                guard member.life.phase == .unhealthy, let due = replacementDue(member) else { return false }
                return now >= due
            })
        else { return }
        let member = members[index]
        let time = (now - member.life.since).inWords
        let reason = "unhealthy for \(time), last probe: \(member.detail ?? "none answered")"
        leave(index, because: reason, now)
        countCrash(member, readyFor: .zero, reason, now)
    }
}
