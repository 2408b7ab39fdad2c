// Tests of spread against reference values (SciPy 1.17.1, `chisquare` and `power_divergence`) and against the table
// of required counts in the research note on the driver, A2.3.

import Statistics
import Testing

struct DistributionTests {
    @Test(arguments: [
        ([10, 20, 30], [1.0, 1, 1], 10.0, 0.006737946999085468, 10.464962875290956),
        ([48, 52], [1, 1], 0.16, 0.6891565167793516, 0.16004269399676296),
        ([100, 200, 310], [1, 2, 3], 0.16393442622950727, 0.921302164829519, 0.1639417697775194),
        ([1000, 1100, 900, 1000], [1, 1, 1, 1], 20.0, 0.00016974243555282632, 20.033467385427542),
        ([0, 12, 12], [1, 1, 1], 12.0, 0.002478752176666357, 19.46232518919189),
    ])
    func `gives the reference chi-square and G statistics`(
        observed: [Int], weights: [Double], statistic: Double, pValue: Double, likelihood: Double
    ) throws {
        let fit = try #require(ChiSquare.fit(observed: observed, weights: weights))
        #expect(abs(fit.statistic - statistic) < 1e-9)
        #expect(abs(fit.pValue / pValue - 1) < 1e-9)
        #expect(fit.degreesOfFreedom == observed.count - 1)
        let other = try #require(ChiSquare.likelihoodFit(observed: observed, weights: weights))
        #expect(abs(other.statistic - likelihood) < 1e-9)
    }

    @Test(arguments: [
        (50.0, 3, 7.989179244951495e-11), (0.1, 1, 0.7518296340458492), (1000, 900, 0.010994608942135844),
    ])
    func `gives the reference tail of the chi-square distribution`(statistic: Double, freedom: Int, expected: Double) {
        #expect(abs(ChiSquare.pValue(statistic: statistic, degreesOfFreedom: freedom) / expected - 1) < 1e-9)
    }

    @Test func `refuses counts that are no distribution`() {
        #expect(ChiSquare.fit(observed: [5], weights: [1]) == nil)
        #expect(ChiSquare.fit(observed: [0, 0], weights: [1, 1]) == nil)
        #expect(ChiSquare.fit(observed: [3, 4], weights: [1, 0]) == nil)
        #expect(ChiSquare.fit(observed: [3, 4], weights: [1, 1, 1]) == nil)
        #expect(ChiSquare.fit(observed: [-3, 40], weights: [1, 1]) == nil)
        #expect(Equivalence.judge(observed: [], weights: [], margin: 0.1, alpha: 0.001) == nil)
    }

    @Test(arguments: [
        (2, 0.2, 989), (4, 0.2, 3_353), (8, 0.2, 8_731), (16, 0.2, 20_667), (2, 0.1, 3_954), (4, 0.1, 13_410),
        (8, 0.1, 34_924), (16, 0.1, 82_667), (4, 0.05, 53_637), (16, 0.05, 330_668),
    ])
    func `needs as many dispatches as the research note's table says`(shares: Int, margin: Double, needed: Int) {
        let smallest = 1 / Double(shares)
        let computed = Equivalence.requestsNeeded(shares: shares, smallest: smallest, margin: margin, alpha: 0.001)
        #expect(abs(computed - needed) <= 1)
    }

    @Test func `an even spread of enough requests passes`() throws {
        let verdict = try #require(
            Equivalence.judge(
                observed: [5_010, 4_990, 5_020, 4_980], weights: [1, 1, 1, 1], margin: 0.1, alpha: 0.001))
        #expect(verdict.outcome == .pass)
        #expect(abs(verdict.deviationMax - 0.004) < 1e-12)
    }

    @Test func `a starved instance fails`() throws {
        let verdict = try #require(
            Equivalence.judge(
                observed: [6_000, 6_000, 6_000, 2_000], weights: [1, 1, 1, 1], margin: 0.1, alpha: 0.001))
        #expect(verdict.outcome == .fail)
    }

    @Test func `a significant but tiny deviation does not fail`() throws {
        // Chi-square rejects this at 1e-3; the deviation is 1 % where 10 % is allowed.
        let verdict = try #require(
            Equivalence.judge(
                observed: [505_000, 495_000], weights: [1, 1], margin: 0.1, alpha: 0.001))
        #expect(verdict.pValue < 0.001)
        #expect(verdict.outcome == .pass)
    }

    @Test func `few requests are inconclusive and say how many would do`() throws {
        let verdict = try #require(
            Equivalence.judge(observed: [26, 24, 25, 25], weights: [1, 1, 1, 1], margin: 0.1, alpha: 0.001))
        guard case .inconclusive(let needed) = verdict.outcome else {
            Issue.record("not inconclusive: \(verdict)")
            return
        }
        #expect(abs(needed - 13_410) <= 1)
    }

    @Test func `weights are shares up to a factor`() throws {
        let verdict = try #require(
            Equivalence.judge(observed: [20_000, 40_000], weights: [3, 6], margin: 0.1, alpha: 0.001))
        #expect(verdict.outcome == .pass)
    }
}
