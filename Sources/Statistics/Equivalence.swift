// Whether traffic was spread as it should be *to within a margin*: significance alone condemns every balancer once
// there are enough requests, and acquits any when there are few.

import RealModule

/// A verdict on how counts were spread. Pure.
package struct EquivalenceVerdict: Hashable, Sendable {
    /// The three answers.
    package enum Outcome: Hashable, Sendable {
        /// Every share lies within the margin, surely.
        case pass
        /// Some share lies outside the margin, and that is no chance.
        case fail
        /// Too few requests to say. `requestsNeeded` in all would do at 99 % power.
        case inconclusive(requestsNeeded: Int)
    }

    package var outcome: Outcome
    /// The largest deviation of a share from the expected one, relative to the expected one.
    package var deviationMax: Double
    /// Chi-square's p-value.
    package var pValue: Double
}

/// Equivalence of observed and expected shares by simultaneous intervals: two one-sided tests per share (Schuirmann,
/// J. Pharmacokinet. Biopharm. 15, 1987), corrected for the number of shares by Bonferroni. Pure.
package enum Equivalence {
    /// Judges whether every observed share is within `margin`, relative, of the expected one.
    ///
    /// - Parameters:
    ///   - observed: counts of independent dispatches: of connections where connections are pinned. 2 or more, not all
    ///     0; else `nil`.
    ///   - weights: as many, all above 0; the expected shares up to a factor; else `nil`.
    ///   - margin: above 0; `0.1` allows ±10 % of each share.
    ///   - alpha: the chance of a wrong pass, and of a wrong fail.
    package static func judge(
        observed: [Int], weights: [Double], margin: Double, alpha: Double
    ) -> EquivalenceVerdict? {
        precondition(margin > 0 && alpha > 0 && alpha < 1, "no equivalence at margin \(margin), alpha \(alpha)")
        guard let fit = ChiSquare.fit(observed: observed, weights: weights) else { return nil }
        let n = Double(observed.reduce(0, +))
        let weight = weights.reduce(0, +)
        let z = -SpecialFunctions.normalQuantile(alpha / (2 * Double(observed.count)))
        var isWithin = true
        var deviationMax = 0.0
        for (count, share) in zip(observed, weights) {
            let expected = share / weight
            let seen = Double(count) / n
            let half = z * Double.sqrt(seen * (1 - seen) / n)
            deviationMax = max(deviationMax, abs(seen / expected - 1))
            if seen - half < expected * (1 - margin) || seen + half > expected * (1 + margin) { isWithin = false }
        }
        let outcome: EquivalenceVerdict.Outcome
        if isWithin, fit.isApplicable {
            outcome = .pass
        } else if fit.isApplicable, fit.pValue < alpha, deviationMax > margin {
            outcome = .fail
        } else {
            let smallest = weights.min()! / weight
            outcome = .inconclusive(
                requestsNeeded: requestsNeeded(
                    shares: observed.count, smallest: smallest, margin: margin, alpha: alpha))
        }
        return EquivalenceVerdict(outcome: outcome, deviationMax: deviationMax, pValue: fit.pValue)
    }

    /// How many dispatches a perfect balancer needs to pass with chance `power`. Saturates at `Int.max`.
    ///
    /// - Parameters:
    ///   - shares: how many there are, 2 or more.
    ///   - smallest: the smallest expected share, above 0, below 1.
    package static func requestsNeeded(
        shares: Int, smallest: Double, margin: Double, alpha: Double, power: Double = 0.99
    ) -> Int {
        precondition(shares >= 2 && smallest > 0 && smallest < 1, "no equivalence of \(shares) shares, \(smallest)")
        let k = Double(shares)
        let z =
            -SpecialFunctions.normalQuantile(alpha / (2 * k))
            - SpecialFunctions.normalQuantile((1 - power) / (2 * k))
        return ZeroFailureBound.ceiling(z * z * (1 - smallest) / (smallest * margin * margin))
    }
}
