// One rollout from its start to its end: which release is the goal now, when it has failed, when it is done. Not for
// choosing instances: `RollingBudget` reckons the step, `Fleet` picks.
//
//     rolling ⇄ paused
//     rolling, paused ─→ undoing ─→ undone | failed
//     rolling ─→ completed

import Statistics
import Vocabulary

/// What just happened to a rollout. The reasons are in its record.
package enum RolloutChange: Hashable, Sendable {
    case paused, undoing, completed, undone, failed
}

/// Where the instances stand, for the rollout's own progress.
package struct RolloutCensus: Hashable, Sendable {
    package var desired: Int
    /// Instances of the new release: every process, leaving ones included.
    package var newAll: Int
    /// Of those, serving and settled.
    package var newAvailable: Int
    /// The same of every other release.
    package var oldAll: Int
    package var oldAvailable: Int
    /// The last word of the health check of a new instance that does not serve; for the reason of a failure.
    package var lastWord: String?

    package init(
        desired: Int, newAll: Int, newAvailable: Int, oldAll: Int, oldAvailable: Int, lastWord: String? = nil
    ) {
        self.desired = desired
        self.newAll = newAll
        self.newAvailable = newAvailable
        self.oldAll = oldAll
        self.oldAvailable = oldAvailable
        self.lastWord = lastWord
    }
}

/// A rollout in progress. Pure.
package struct RolloutMachine: Sendable {
    /// May change at any time.
    package var policy: RolloutPolicy
    package private(set) var progress: RolloutProgress
    /// When it last came closer to its goal: an instance more that serves, or one less to remove, than ever before.
    private var progressAt: Instant
    private var availableMost = 0
    private var leftoverLeast = Int.max
    private var pausedAt: Instant?

    package init(
        number: Int, from: ReleaseName, to: ReleaseName, startedAt: Duration, policy: RolloutPolicy, now: Instant
    ) {
        let record = RolloutRecord(
            number: number, from: from, to: to, reason: "waiting for the first instance of \(to)",
            startedAt: startedAt)
        self.init(resuming: RolloutProgress(record: record, judge: OutcomeJudge(policy: policy.judge)), policy, now)
    }

    /// Carries on after a restart of ours; the progress deadline starts anew.
    package init(resuming progress: RolloutProgress, _ policy: RolloutPolicy, _ now: Instant) {
        self.progress = progress
        self.policy = policy
        progressAt = now
        pausedAt = progress.record.state == .paused ? now : nil
    }

    /// The rollout as it is told to people.
    package var record: RolloutRecord { progress.record }
    /// Where it stands.
    package var state: RolloutState { progress.record.state }

    /// The release that should remain.
    package var goal: ReleaseName { state == .undoing ? record.from : record.to }

    // MARK: Progress

    /// Takes stock: the rollout may be done, or stuck for too long.
    package mutating func observe(_ census: RolloutCensus, wallClock: Duration, now: Instant) -> RolloutChange? {
        switch state {
        case .rolling:
            if census.newAvailable > 0 { progress.isProven = true }
            note(available: census.newAvailable, leftover: census.oldAll, now)
            if census.oldAll == 0, census.newAvailable >= census.desired {
                if let verdict = progress.judge.lastLook(policy: policy.judge) { return fail(verdict, now) }
                return end(.completed, "all \(census.newAvailable) instances run \(record.to)", wallClock)
            }
            progress.record.reason =
                "\(census.newAvailable) of \(census.desired) instances run \(record.to), \(census.oldAll) to remove"
            guard now >= deadline else { return nil }
            let what = progress.wasEverReady ? "no progress" : "\(record.to) did not become ready"
            let word = census.lastWord.map { ", last probe: \($0)" } ?? ""
            return fail("\(what) for \(policy.deadline.inWords)\(word)", now)
        case .undoing:
            note(available: census.oldAvailable, leftover: census.newAll, now)
            if census.newAll == 0, census.oldAvailable >= census.desired {
                return end(.undone, "back on \(record.from): \(cause)", wallClock)
            }
            guard now >= deadline else { return nil }
            let limit = policy.deadline.inWords
            return end(.failed, "could not go back to \(record.from) within \(limit): \(cause)", wallClock)
        case .paused, .completed, .undone, .failed: return nil
        }
    }

    /// When `observe` must be called at the latest.
    package var deadline: Instant {
        pausedAt == nil ? progressAt + policy.deadline : Instant(nanoseconds: .max)
    }

    private mutating func note(available: Int, leftover: Int, _ now: Instant) {
        guard available > availableMost || leftover < leftoverLeast else { return }
        availableMost = max(availableMost, available)
        leftoverLeast = min(leftoverLeast, leftover)
        progressAt = now
    }

    // MARK: The new release's conduct

    /// An instance of the new release became ready.
    package mutating func becameReady() {
        progress.wasEverReady = true
        progress.failedStarts = 0
    }

    /// An instance of the new release ended, or was given up, before it was ready.
    ///
    /// - Parameter byDeadline: whether it ran all the time but never passed a probe.
    package mutating func startFailed(byDeadline: Bool, reason: String, now: Instant) -> RolloutChange? {
        guard state == .rolling, !progress.wasEverReady else { return nil }
        progress.failedStarts += 1
        if byDeadline { return fail("\(record.to) did not become ready: \(reason)", now) }
        guard progress.failedStarts >= policy.judge.failedStartsMax else { return nil }
        return fail("\(record.to) failed to start \(progress.failedStarts) times in a row: \(reason)", now)
    }

    /// The new release crashes again and again.
    package mutating func crashLooping(reason: String, now: Instant) -> RolloutChange? {
        guard state == .rolling else { return nil }
        return fail("\(record.to) crashes again and again: \(reason)", now)
    }

    /// What both releases answered since the last call. The old one's answers count from the new one's first readiness.
    package mutating func outcomes(new: Tally, old: Tally, now: Instant) -> RolloutChange? {
        guard state == .rolling, progress.wasEverReady else { return nil }
        guard let verdict = progress.judge.add(fresh: new, stale: old, policy: policy.judge) else { return nil }
        return fail(verdict, now)
    }

    // MARK: Orders

    /// Holds a rolling rollout. Not legal in any other state.
    ///
    /// - Parameter fresh: how many new instances there are: that share is kept.
    package mutating func pause(fresh: Int, now: Instant) {
        precondition(state == .rolling, "a rollout that is \(state) can't be paused")
        hold("held by an operator", now)
        progress.freshWhenPaused = fresh
    }

    /// Sets how many new instances are kept while it is held by a failure of its own.
    package mutating func keep(fresh: Int) {
        if state == .paused, progress.freshWhenPaused == nil { progress.freshWhenPaused = fresh }
    }

    /// Goes on; what was counted against the new release is forgotten. Not legal unless paused.
    package mutating func resume(now: Instant) {
        guard state == .paused, let since = pausedAt else {
            preconditionFailure("a rollout that is \(state) can't be resumed")
        }
        progressAt = progressAt + (now - since)
        pausedAt = nil
        progress.freshWhenPaused = nil
        progress.failedStarts = 0
        progress.judge.pardon(policy: policy.judge)
        progress.record.state = .rolling
        progress.record.reason = "resumed"
    }

    /// Turns back. Not legal once undoing or ended.
    package mutating func undo(now: Instant) {
        precondition(state == .rolling || state == .paused, "a rollout that is \(state) can't be undone")
        turnBack("an operator's order", now)
    }

    // MARK: Failure

    /// Why it turned back or held.
    private var cause: String { progress.cause ?? "an operator's order" }

    private mutating func fail(_ verdict: JudgeVerdict, _ now: Instant) -> RolloutChange {
        if case .useless = verdict { progress.isCondemned = true }
        return fail(verdict.reason, now)
    }

    private mutating func fail(_ reason: String, _ now: Instant) -> RolloutChange {
        switch policy.undo {
        case .automatic:
            turnBack(reason, now)
            return .undoing
        case .manual:
            progress.isCondemned = false
            hold("held because \(reason); undo it or resume it", now)
            return .paused
        }
    }

    private mutating func hold(_ reason: String, _ now: Instant) {
        pausedAt = now
        progress.record.state = .paused
        progress.record.reason = reason
    }

    private mutating func turnBack(_ reason: String, _ now: Instant) {
        progress.cause = reason
        progress.record.state = .undoing
        progress.record.reason = "going back to \(record.from): \(reason)"
        progressAt = now
        pausedAt = nil
        availableMost = 0
        leftoverLeast = .max
    }

    private mutating func end(_ state: RolloutState, _ reason: String, _ wallClock: Duration) -> RolloutChange {
        progress.record.state = state
        progress.record.reason = reason
        progress.record.endedAt = wallClock
        switch state {
        case .completed: return .completed
        case .undone: return .undone
        default: return .failed
        }
    }
}
