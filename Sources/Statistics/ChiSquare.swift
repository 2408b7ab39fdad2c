// Whether counts fit the shares they should have. Says only "different", never "how different": see `Equivalence`.

import RealModule

/// A goodness-of-fit test's outcome. Pure.
package struct ChiSquareFit: Hashable, Sendable {
    package var statistic: Double
    package var degreesOfFreedom: Int
    /// The chance of a fit at least as bad, were the shares right.
    package var pValue: Double
    /// The smallest expected count. Below 5 the p-value is not to be trusted.
    package var expectedMin: Double

    /// Whether the p-value may be trusted.
    package var isApplicable: Bool { expectedMin >= 5 }
}

/// Pearson's chi-square test (Phil. Mag. 50, 1900) and its likelihood form. Pure.
package enum ChiSquare {
    /// - Parameters:
    ///   - observed: counts, 2 or more, none negative, not all 0; else `nil`.
    ///   - weights: as many, all above 0; the expected shares up to a factor; else `nil`.
    package static func fit(observed: [Int], weights: [Double]) -> ChiSquareFit? {
        test(observed: observed, weights: weights) { count, expected in
            (count - expected) * (count - expected) / expected
        }
    }

    /// The G form, 2 Σ O ln(O/E): additive over epochs whose statistics and degrees of freedom are summed.
    package static func likelihoodFit(observed: [Int], weights: [Double]) -> ChiSquareFit? {
        test(observed: observed, weights: weights) { count, expected in
            count == 0 ? 0 : 2 * count * Double.log(count / expected)
        }
    }

    /// The chance that a chi-square variable exceeds `statistic`. `degreesOfFreedom` is 1 or more.
    package static func pValue(statistic: Double, degreesOfFreedom: Int) -> Double {
        precondition(degreesOfFreedom >= 1, "degrees of freedom are 1 or more: \(degreesOfFreedom)")
        return SpecialFunctions.upperGamma(Double(degreesOfFreedom) / 2, max(statistic, 0) / 2)
    }

    private static func test(
        observed: [Int], weights: [Double], term: (_ count: Double, _ expected: Double) -> Double
    ) -> ChiSquareFit? {
        let total = observed.reduce(0, +)
        let weight = weights.reduce(0, +)
        guard observed.count >= 2, observed.count == weights.count, total > 0, observed.allSatisfy({ $0 >= 0 }),
            weights.allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        var statistic = 0.0
        var expectedMin = Double.infinity
        for (count, share) in zip(observed, weights) {
            let expected = Double(total) * share / weight
            expectedMin = min(expectedMin, expected)
            statistic += term(Double(count), expected)
        }
        let freedom = observed.count - 1
        return ChiSquareFit(
            statistic: statistic, degreesOfFreedom: freedom,
            pValue: pValue(statistic: statistic, degreesOfFreedom: freedom), expectedMin: expectedMin)
    }
}
