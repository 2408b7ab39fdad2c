// Whether the new release answers worse than the old one, from the balancer's own counters over the same seconds.
//
// Two rules. The floor rule needs no statistics: most answers of the new release fail while the old one is well. The
// comparison is Fisher's exact test, looked at again and again: look k may spend alpha / (k * (k + 1)), which sums to
// alpha over all looks, so the chance of undoing a good release stays below alpha however long the rollout lasts. A
// look waits for half as many requests again as the last one had, so the looks do not spend alpha on nothing.

import Statistics

/// What the outcomes say against the new release. The texts are sentences for people.
package enum JudgeVerdict: Hashable, Sendable {
    /// Most of its answers fail: it is of no use.
    case useless(String)
    /// More of its answers fail than the old release's, and that is no chance.
    case worse(String)

    /// The sentence.
    package var reason: String {
        switch self {
        case .useless(let reason), .worse(let reason): reason
        }
    }
}

/// Compares the outcomes of two releases over one rollout. Pure.
package struct OutcomeJudge: Hashable, Sendable, Codable {
    /// What the new release answered so far.
    package private(set) var fresh = Tally()
    /// What the old one answered in the same time.
    package private(set) var stale = Tally()
    /// How many comparisons were made.
    package private(set) var looks = 0
    /// Requests of the new release at which the next comparison is due.
    package private(set) var nextLook: Int

    package init(policy: JudgePolicy) {
        nextLook = policy.firstLook
    }

    /// Adds outcomes since the last call, and judges when it is time to.
    package mutating func add(fresh newer: Tally, stale older: Tally, policy: JudgePolicy) -> JudgeVerdict? {
        fresh.add(newer)
        stale.add(older)
        if let verdict = floor(policy) { return verdict }
        guard fresh.requests >= nextLook else { return nil }
        return look(policy)
    }

    /// The comparison before a rollout completes: of what has come in since the last one.
    package mutating func lastLook(policy: JudgePolicy) -> JudgeVerdict? {
        floor(policy) ?? look(policy)
    }

    /// Forgets the outcomes but not the looks: an operator has decided to go on.
    package mutating func pardon(policy: JudgePolicy) {
        fresh = Tally()
        stale = Tally()
        nextLook = policy.firstLook
    }

    private func floor(_ policy: JudgePolicy) -> JudgeVerdict? {
        guard fresh.failures >= policy.floorFailures, let share = fresh.share, share > policy.floorShare,
            (stale.share ?? 0) < policy.floorBaseline
        else { return nil }
        return .useless("\(fresh.asFailures) failed on the new release, \(stale.asFailures) on the old one")
    }

    private mutating func look(_ policy: JudgePolicy) -> JudgeVerdict? {
        looks += 1
        nextLook = max(Int(Double(fresh.requests) * policy.lookGrowth), fresh.requests + 1)
        let spent = policy.alpha / (Double(looks) * Double(looks + 1))
        guard FisherExact.pValue(fresh, worseThan: stale) <= spent else { return nil }
        return .worse(
            "\(fresh.asFailures) failed on the new release against \(stale.asFailures) on the old one, "
                + "which is no chance (Fisher's exact test, look \(looks))")
    }
}

extension Tally {
    fileprivate var asFailures: String { "\(failures) of \(requests) requests" }
}
