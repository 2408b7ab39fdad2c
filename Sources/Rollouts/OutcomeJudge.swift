// Whether the new release answers worse than the old one, from the balancer's own counters. Looks again and again
// without raising the chance of a false alarm.

import Statistics

/// Compares the outcomes of two releases over one rollout. Pure.
package struct OutcomeJudge: Hashable, Sendable, Codable {
    package private(set) var fresh = Tally()
    package private(set) var stale = Tally()
    /// How many comparisons were made.
    package private(set) var looks = 0
    /// Requests of the new release at which the next comparison is due.
    package private(set) var nextLook: Int

    package init(policy: JudgePolicy) {
        nextLook = policy.firstLook
    }
}
