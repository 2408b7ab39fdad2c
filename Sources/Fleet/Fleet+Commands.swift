// Obeying an operator, and what a rollout's turns mean for the fleet.

import Lifecycle
import Rollouts
import Scaling
import Vocabulary

extension Fleet {
    /// Carries `command` out; when it is refused, nothing has changed.
    mutating func obey(_ command: FleetCommand, _ now: Instant) -> FleetRefusal? {
        asOf = max(asOf, now)
        if case .stopAll = command {
            stopAll(now)
            return nil
        }
        guard !isStopping else { return FleetRefusal(.conflict, "\(service) is being stopped") }
        switch command {
        case .stopAll: return nil
        case .scale(let bounds):
            boundsOverride = bounds == policy.bounds ? nil : .init(ordered: bounds, overridden: policy.bounds)
            setBounds(bounds, "an operator asks for \(bounds)", now)
            return nil
        case .startRollout(let release): return startRollout(release, now)
        case .pauseRollout: return pauseRollout(now)
        case .resumeRollout: return resumeRollout(now)
        case .undoRollout: return undoRollout(now)
        case .drain(let id): return drain(id, now)
        }
    }

    private mutating func stopAll(_ now: Instant) {
        isStopping = true
        for index in members.indices { leave(index, because: "\(service) is stopped", now) }
    }

    /// The replacement comes first; what does not serve goes at once.
    private mutating func drain(_ id: InstanceID, _ now: Instant) -> FleetRefusal? {
        guard let index = index(of: id) else { return FleetRefusal(.notFound, "\(service) has no instance \(id)") }
        guard !members[index].life.isLeaving else { return FleetRefusal(.conflict, "\(id) is leaving already") }
        guard !members[index].isRetired else {
            return FleetRefusal(.conflict, "\(id) will leave as soon as its replacement serves")
        }
        members[index].isRetired = true
        return nil
    }

    // MARK: Rollouts

    private mutating func startRollout(_ release: ReleaseName, _ now: Instant) -> FleetRefusal? {
        if let running = rollout {
            return FleetRefusal(
                .conflict, "a rollout to \(running.record.to) is \(running.state.rawValue)",
                hint: "wait for its end, or undo it first")
        }
        guard release != stable else {
            return FleetRefusal(.conflict, "\(service) runs \(release) already", hint: "name another release")
        }
        // A new rollout is a new chance: earlier failures of the release are forgotten.
        ledgers.removeAll { $0.release == release }
        let number = (history.last?.number ?? 0) + 1
        rollout = RolloutMachine(
            number: number, from: stable, to: release, startedAt: wallClock, policy: policy.rollout, now: now)
        note(.rolloutStarted, "rollout \(number) from \(stable) to \(release)", release: release)
        return nil
    }

    private mutating func pauseRollout(_ now: Instant) -> FleetRefusal? {
        guard let running = rollout else { return noRollout }
        guard running.state == .rolling else {
            return FleetRefusal(.conflict, "the rollout is \(running.state.rawValue)")
        }
        let fresh = newStaying
        rollout?.pause(fresh: fresh, now: now)
        note(.rolloutPaused, "rollout \(running.record.number) is held by an operator", release: running.record.to)
        return nil
    }

    private mutating func resumeRollout(_ now: Instant) -> FleetRefusal? {
        guard let running = rollout else { return noRollout }
        guard running.state == .paused else {
            return FleetRefusal(.conflict, "the rollout is \(running.state.rawValue), not paused")
        }
        rollout?.resume(now: now)
        note(.rolloutResumed, "rollout \(running.record.number) goes on", release: running.record.to)
        return nil
    }

    private mutating func undoRollout(_ now: Instant) -> FleetRefusal? {
        if let running = rollout {
            guard running.state != .undoing else { return FleetRefusal(.conflict, "the rollout is going back already") }
            rollout?.undo(now: now)
            apply(.undoing, now)
            return nil
        }
        guard let last = history.last(where: { $0.state == .completed && $0.to == stable }), last.from != stable else {
            return FleetRefusal(
                .conflict, "\(service) has no stable release before \(stable)", hint: "start a rollout by name")
        }
        return startRollout(last.from, now)
    }

    private var noRollout: FleetRefusal {
        FleetRefusal(.notFound, "\(service) has no rollout in progress")
    }

    private var newStaying: Int {
        members.count { $0.isStaying && $0.release == rollout?.record.to }
    }

    /// Draws the consequences of a rollout's turn.
    mutating func apply(_ change: RolloutChange?, _ now: Instant) {
        guard let change, let record = rollout?.record else { return }
        switch change {
        case .paused:
            let fresh = newStaying
            rollout?.keep(fresh: fresh)
            note(.rolloutPaused, "rollout \(record.number) is \(record.reason)", release: record.to)
        case .undoing:
            note(.rolloutUndoing, "rollout \(record.number) is \(record.reason)", release: record.to)
        case .completed:
            stable = record.to
            end(record)
            note(.rolloutCompleted, "rollout \(record.number) is done: \(record.reason)", release: record.to)
        case .undone:
            end(record)
            note(.rolloutUndone, "rollout \(record.number) is undone: \(record.reason)", release: record.to)
        case .failed:
            end(record)
            note(.rolloutFailed, "rollout \(record.number) failed: \(record.reason)", release: record.to)
        }
    }

    private mutating func end(_ record: RolloutRecord) {
        rollout = nil
        history.append(record)
        if history.count > Self.historyMax { history.removeFirst() }
    }
}
