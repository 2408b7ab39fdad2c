// What the fleet tells people, and what it tells the server after this one.

import Lifecycle
import Rollouts
import Scaling
import Vocabulary

extension Fleet {
    /// What status shows now.
    package func report(now: Instant) -> FleetReport {
        FleetReport(
            service: service, bounds: scaler.bounds, desired: scaler.desired, desiredReason: scaler.decision.reason,
            stable: stable, rollout: rolloutReport(now), instances: members.map(instanceReport),
            backingOff: backOffReports(now), crashLooping: ledgers.filter { $0.ledger.isCrashLooping }.map(\.release))
    }

    private func rolloutReport(_ now: Instant) -> FleetReport.RolloutReport? {
        guard let record = rollout?.record ?? history.last else { return nil }
        let wanted = record.state == .undoing || record.state == .undone ? record.from : record.to
        let replaced = members.count { $0.release == wanted && isAvailable($0, now) }
        return FleetReport.RolloutReport(
            record: record, replaced: min(replaced, scaler.desired), desired: scaler.desired)
    }

    private func instanceReport(_ member: FleetMember) -> FleetReport.InstanceReport {
        let phase: InstancePhase = member.life.phase == .killed ? .stopping : member.life.phase
        return FleetReport.InstanceReport(
            id: member.id, release: member.release, phase: phase.rawValue, detail: member.detail,
            since: member.life.since, startedAt: member.life.startedAt, inFlight: member.inFlight)
    }

    private func backOffReports(_ now: Instant) -> [FleetReport.BackOffReport] {
        ledgers.flatMap { release, ledger in
            ledger.waiting.filter { $0.until > now }.map {
                FleetReport.BackOffReport(release: release, until: $0.until, attempt: $0.attempt, reason: $0.reason)
            }
        }.sorted { ($0.until, $0.release) < ($1.until, $1.release) }
    }

    /// What a server after this one needs; see `FleetSnapshot` for when to save it.
    package var snapshot: FleetSnapshot {
        FleetSnapshot(
            format: FleetSnapshot.formatNow, stable: stable, nextOrdinal: nextOrdinal, desired: scaler.desired,
            boundsOverride: boundsOverride, rollout: rollout?.progress, history: history,
            members: members.map { .init(id: $0.id, release: $0.release, isLeaving: $0.life.isLeaving) })
    }
}
