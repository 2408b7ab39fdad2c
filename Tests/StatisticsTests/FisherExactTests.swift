// Fisher's exact test against reference values (SciPy 1.17.1, `fisher_exact(…, alternative="greater")`).

import Statistics
import Testing

struct FisherExactTests {
    @Test(arguments: [
        (Tally(failures: 5, requests: 10), Tally(failures: 0, requests: 20), 0.0017683465959328027),
        (Tally(failures: 3, requests: 20), Tally(failures: 1, requests: 25), 0.22379945635759588),
        (Tally(failures: 10, requests: 10_000), Tally(failures: 0, requests: 10_000), 0.0009743666625151641),
        (Tally(failures: 9, requests: 10_000), Tally(failures: 0, requests: 10_000), 0.0019496110449745419),
        (Tally(failures: 120, requests: 5_000), Tally(failures: 80, requests: 5_000), 0.002608244045677509),
        (Tally(failures: 40, requests: 1_000_000), Tally(failures: 20, requests: 1_000_000), 0.006743956072277713),
        (Tally(failures: 10, requests: 10), Tally(failures: 0, requests: 10), 5.412544112234515e-06),
        (Tally(failures: 7, requests: 7), Tally(failures: 3, requests: 9), 0.010489510489510488),
    ])
    func `gives the reference p-values`(suspect: Tally, baseline: Tally, expected: Double) {
        #expect(abs(FisherExact.pValue(suspect, worseThan: baseline) / expected - 1) < 1e-8)
    }

    @Test func `a release that fails less is never suspect, however many requests there were`() {
        let good = Tally(failures: 100, requests: 1_000_000)
        let bad = Tally(failures: 400_000, requests: 1_000_000)
        #expect(FisherExact.pValue(good, worseThan: bad) > 0.999)
        #expect(FisherExact.pValue(Tally(failures: 0, requests: 10), worseThan: Tally(failures: 5, requests: 10)) == 1)
    }

    @Test func `says nothing without requests on either side`() {
        #expect(FisherExact.pValue(Tally(), worseThan: Tally(failures: 0, requests: 100)) == 1)
        #expect(FisherExact.pValue(Tally(failures: 5, requests: 5), worseThan: Tally()) == 1)
    }

    @Test func `counters read out of step are brought into range`() {
        #expect(Tally(failures: 3, requests: 2) == Tally(failures: 3, requests: 3))
        #expect(Tally(failures: -1, requests: -4) == Tally())
        #expect(Tally().share == nil)
    }
}
