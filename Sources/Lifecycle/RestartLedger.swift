// When the dead instances of one release may be replaced: back-off with jitter per line of replacements, and parking
// for a release that crashes again and again. Not for scaling: an instance that was never there needs no back-off.

import Vocabulary

/// The crashes of one release and the replacements that wait. Pure.
///
/// A line of replacements keeps its count of failures: the replacement of a replacement waits longer. Each wait is
/// `uniform(0.5, 1) * min(backOffMax, backOffFirst * 2^failures)`. A crash-looping release gets one trial at a time,
/// `backOffMax` (with the same jitter) after its last crash, until it has held for `crashWindow`.
package struct RestartLedger: Sendable {
    /// A replacement that waits.
    package struct Waiting: Hashable, Sendable {
        /// When its back-off is over.
        package var until: Instant
        /// Failures in a row on its line, 1 or more.
        package var attempt: Int
        /// Why the one before it ended, in a sentence.
        package var reason: String
    }

    package var policy: RestartPolicy
    /// Soonest first.
    package private(set) var waiting: [Waiting] = []
    /// Whether it is down to one trial at a time.
    package private(set) var isCrashLooping = false
    private var random: SeededRandom
    /// The newest `crashesMax`, oldest first.
    private var crashes: [Instant] = []
    private var trialNotBefore = Instant.zero

    package init(policy: RestartPolicy, random: SeededRandom) {
        self.policy = policy
        self.random = random
    }

    /// Takes in that an instance died by itself or failed to start.
    ///
    /// - Parameters:
    ///   - attempt: how many failures its line had before.
    ///   - readyFor: how long it had been ready without a break.
    /// - Returns: whether the release became crash-looping just now.
    package mutating func failed(attempt: Int, readyFor: Duration, reason: String, now: Instant) -> Bool {
        let next = readyFor >= policy.readyReset ? 1 : attempt + 1
        let wait = Waiting(until: now + jittered(backOff(failures: next)), attempt: next, reason: reason)
        waiting.insert(wait, at: waiting.firstIndex { $0.until > wait.until } ?? waiting.endIndex)
        crashes.append(now)
        if crashes.count > policy.crashesMax { crashes.removeFirst() }
        trialNotBefore = now + jittered(policy.backOffMax)
        guard !isCrashLooping, crashes.count == policy.crashesMax, now - crashes[0] <= policy.crashWindow else {
            return false
        }
        isCrashLooping = true
        return true
    }

    /// Takes in that an instance of the release became ready: a crash-looping one may try the next at once.
    package mutating func becameReady(now: Instant) {
        trialNotBefore = min(trialNotBefore, now)
    }

    /// Ends a crash loop that has been quiet for the crash window while an instance served.
    ///
    /// - Returns: whether it ended just now.
    package mutating func settle(hasReady: Bool, now: Instant) -> Bool {
        guard isCrashLooping, hasReady, let last = crashes.last, now - last >= policy.crashWindow else { return false }
        isCrashLooping = false
        crashes = []
        return true
    }

    /// How many of `deficit` missing instances may be spawned now, `starting` others of this release under way.
    ///
    /// Waits beyond the deficit are dropped: what nobody misses needs no replacement.
    package mutating func allowance(deficit: Int, starting: Int, now: Instant) -> Int {
        if waiting.count > deficit { waiting.removeLast(waiting.count - max(deficit, 0)) }
        guard deficit > 0 else { return 0 }
        if isCrashLooping { return starting == 0 && now >= trialNotBefore ? 1 : 0 }
        return deficit - waiting.count { $0.until > now }
    }

    /// Called for each spawn: the failures in a row of the line it continues.
    package mutating func takeAttempt(now: Instant) -> Int {
        guard let first = waiting.first, first.until <= now || isCrashLooping else { return 0 }
        return waiting.removeFirst().attempt
    }

    /// When a replacement's wait is over, after `now`.
    package func nextDeadline(after now: Instant) -> Instant? {
        if isCrashLooping { return trialNotBefore > now ? trialNotBefore : nil }
        return waiting.first { $0.until > now }?.until
    }

    /// When a crash loop may end by itself.
    package var loopEnd: Instant? {
        isCrashLooping ? crashes.last.map { $0 + policy.crashWindow } : nil
    }

    private func backOff(failures: Int) -> Duration {
        // 2^30 times the first wait is past any sensible maximum.
        min(policy.backOffMax, policy.backOffFirst * (1 << min(failures - 1, 30)))
    }

    private mutating func jittered(_ wait: Duration) -> Duration {
        .nanoseconds(Int64(Double(wait.nanoseconds) * (0.5 + random.unit() / 2)))
    }
}
