// Where a failure share lies, given what was counted.

import RealModule

/// Intervals for a share of failures. Pure.
package enum ProportionInterval {
    /// Clopper and Pearson (Biometrika 26, 1934): holds with at least `1 - alpha`, never less. 0…1 without requests.
    ///
    /// - Parameter alpha: above 0, below 1; half of it on either side.
    package static func clopperPearson(_ tally: Tally, alpha: Double) -> ClosedRange<Double> {
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        guard tally.requests > 0 else { return 0...1 }
        let failures = Double(tally.failures)
        let passes = Double(tally.requests - tally.failures)
        let low =
            tally.failures == 0
            ? 0 : SpecialFunctions.inverseIncompleteBeta(alpha / 2, failures, passes + 1)
        let high =
            tally.failures == tally.requests
            ? 1 : SpecialFunctions.inverseIncompleteBeta(1 - alpha / 2, failures + 1, passes)
        return low...max(low, high)
    }

    /// Wilson (JASA 22, 1927): shorter, holds with `1 - alpha` on average. 0…1 without requests.
    package static func wilson(_ tally: Tally, alpha: Double) -> ClosedRange<Double> {
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        guard let share = tally.share else { return 0...1 }
        let n = Double(tally.requests)
        let z = -SpecialFunctions.normalQuantile(alpha / 2)
        let centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * Double.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        // At the ends the formula gives 0 and 1 but for rounding.
        let low = tally.failures == 0 ? 0 : max(0, centre - half)
        let high = tally.failures == tally.requests ? 1 : min(1, centre + half)
        return low...max(low, high)
    }
}
