// Does one set of requests fail more often than another? Exact, so it holds for five requests as for five million.

import RealModule

/// Fisher's exact test of two failure shares (R. A. Fisher, "Statistical Methods for Research Workers", §21.02). Pure.
package enum FisherExact {
    /// The chance of at least as many failures in `suspect` as were seen, were both sets equally good: one-sided.
    ///
    /// 1 when either set is empty. Cost: at most as many steps as there are failures.
    package static func pValue(_ suspect: Tally, worseThan baseline: Tally) -> Double {
        guard suspect.requests > 0, baseline.requests > 0 else { return 1 }
        let failures = suspect.failures + baseline.failures
        let requests = suspect.requests + baseline.requests
        let mean = Double(failures) * Double(suspect.requests) / Double(requests)
        // Always the tail that shrinks away from the mode: the other one could begin with terms too small to hold.
        if Double(suspect.failures) > mean {
            return min(upperTail(from: suspect.failures, suspect, baseline), 1)
        }
        return max(1 - lowerTail(from: suspect.failures - 1, suspect, baseline), 0)
    }

    /// The hypergeometric chance of `from` or more of the failures falling on `suspect`.
    private static func upperTail(from first: Int, _ suspect: Tally, _ baseline: Tally) -> Double {
        let failures = suspect.failures + baseline.failures
        var term = chance(of: first, suspect, baseline)
        var sum = 0.0
        for hit in first...min(failures, suspect.requests) {
            sum += term
            let falling = Double(suspect.requests - hit) * Double(failures - hit)
            let rising = Double(hit + 1) * Double(baseline.requests - failures + hit + 1)
            term *= falling / rising
            if term < sum * 1e-17 { break }
        }
        return sum
    }

    /// The hypergeometric chance of `from` or fewer of the failures falling on `suspect`.
    private static func lowerTail(from first: Int, _ suspect: Tally, _ baseline: Tally) -> Double {
        let failures = suspect.failures + baseline.failures
        let lowest = max(0, failures - baseline.requests)
        guard first >= lowest else { return 0 }
        var term = chance(of: first, suspect, baseline)
        var sum = 0.0
        for hit in stride(from: first, through: lowest, by: -1) {
            sum += term
            let falling = Double(hit) * Double(baseline.requests - failures + hit)
            let rising = Double(suspect.requests - hit + 1) * Double(failures - hit + 1)
            term *= falling / rising
            if term < sum * 1e-17 { break }
        }
        return sum
    }

    private static func chance(of hit: Int, _ suspect: Tally, _ baseline: Tally) -> Double {
        let failures = suspect.failures + baseline.failures
        let ways =
            SpecialFunctions.logBinomial(suspect.requests, hit)
            + SpecialFunctions.logBinomial(baseline.requests, failures - hit)
        return Double.exp(ways - SpecialFunctions.logBinomial(suspect.requests + baseline.requests, failures))
    }
}
