// Intervals and bounds against reference values (SciPy 1.17.1: `binomtest(…).proportion_ci`, `binom.ppf`; where a
// failure share is tiny `betaincinv`, whose tail is exact).

import Statistics
import Testing

struct IntervalTests {
    @Test(arguments: [
        (Tally(failures: 0, requests: 10), 0.05, 0.0, 0.30849710781876294),
        (Tally(failures: 3, requests: 20), 0.05, 0.03207093718554477, 0.37892682654529564),
        (Tally(failures: 10, requests: 10), 0.05, 0.6915028921812371, 1.0),
        (Tally(failures: 5, requests: 1000), 0.001, 0.0006335584778195216, 0.01730291723659388),
        (Tally(failures: 1, requests: 100_000), 0.001, 5.001250404316726e-09, 9.998227624572298e-05),
        (Tally(failures: 500, requests: 1000), 0.01, 0.45885255330701225, 0.5411474466929878),
    ])
    func `gives the reference Clopper-Pearson bounds`(tally: Tally, alpha: Double, low: Double, high: Double) {
        let interval = ProportionInterval.clopperPearson(tally, alpha: alpha)
        #expect(abs(interval.lowerBound - low) <= 1e-8 * low)
        #expect(abs(interval.upperBound - high) <= 1e-8 * high)
    }

    @Test(arguments: [
        (Tally(failures: 0, requests: 10), 0.05, 0.0, 0.27753279986288926),
        (Tally(failures: 3, requests: 20), 0.05, 0.05236874589621662, 0.3604188647407569),
        (Tally(failures: 10, requests: 10), 0.05, 0.7224672001371109, 1.0),
        (Tally(failures: 1, requests: 100_000), 0.001, 7.843678070560366e-07, 0.00012747740627111335),
    ])
    func `gives the reference Wilson bounds`(tally: Tally, alpha: Double, low: Double, high: Double) {
        let interval = ProportionInterval.wilson(tally, alpha: alpha)
        #expect(abs(interval.lowerBound - low) <= 1e-8 * low)
        #expect(abs(interval.upperBound - high) <= 1e-8 * high)
    }

    @Test func `nothing counted leaves every share possible`() {
        #expect(ProportionInterval.clopperPearson(Tally(), alpha: 0.05) == 0...1)
        #expect(ProportionInterval.wilson(Tally(), alpha: 0.05) == 0...1)
        #expect(ZeroFailureBound.shareMax(requests: 0, alpha: 0.05) == 1)
    }

    @Test func `no failure in n requests bounds the share as the closed form says`() {
        #expect(abs(ZeroFailureBound.shareMax(requests: 100, alpha: 0.05) - 0.029513049607039932) < 1e-14)
        #expect(abs(ZeroFailureBound.shareMax(requests: 10_000, alpha: 0.001) - 0.0006905369974100628) < 1e-16)
    }

    @Test func `a failure share below 1e-5 at 99.9 % takes 690,773 requests`() {
        #expect(ZeroFailureBound.requestsNeeded(share: 1e-5, alpha: 0.001) == 690_773)
        #expect(ZeroFailureBound.requestsNeeded(share: 0.01, alpha: 0.05) == 299)
        #expect(ZeroFailureBound.requestsNeeded(share: 1e-300, alpha: 0.05) == .max)
    }

    @Test(arguments: [
        (10_000, 0.99, 0.001, 9_866...9_932), (100, 0.5, 0.05, 40...61), (1_000, 0.99, 0.05, 983...997),
        (20, 0.5, 0.01, 4...17), (690_000, 0.999, 0.001, 689_222...689_396), (100_000, 0.5, 0.001, 49_480...50_521),
    ])
    func `gives the reference ranks of a quantile`(count: Int, quantile: Double, alpha: Double, ranks: ClosedRange<Int>)
    {
        #expect(QuantileRanks.bounds(count: count, quantile: quantile, alpha: alpha) == ranks)
    }

    @Test func `too few values do not bound a high quantile`() {
        #expect(QuantileRanks.bounds(count: 100, quantile: 0.99, alpha: 0.05) == nil)
        #expect(QuantileRanks.bounds(count: 0, quantile: 0.5, alpha: 0.05) == nil)
    }

    @Test func `at 1000 requests a second a quarter outage of 28 ms is seen, and at 200 one of 50 ms is missed 8 %`() {
        let shortest = DetectableOutage.shortestSeconds(rate: 1000, share: 0.25, swaps: 1, alpha: 0.001)
        #expect(abs(shortest - 0.027631) < 1e-6)
        let missed = DetectableOutage.missChance(seconds: 0.05, rate: 200, share: 0.25, swaps: 1)
        #expect(abs(missed - 0.082085) < 1e-6)
        #expect(DetectableOutage.shortestSeconds(rate: 0, share: 1, swaps: 1, alpha: 0.001) == .infinity)
    }
}
