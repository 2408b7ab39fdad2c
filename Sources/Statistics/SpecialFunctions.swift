// The few special functions behind the tests and intervals. Accurate to about 1e-10 relative where the tests ask;
// not a general library: arguments outside the stated ranges are our bug and trap.

import RealModule

/// Special functions of probability. Pure.
enum SpecialFunctions {
    /// The natural logarithm of "`n` choose `k`", `0 <= k <= n`.
    static func logBinomial(_ n: Int, _ k: Int) -> Double {
        precondition(k >= 0 && k <= n, "no \(n) choose \(k)")
        return Double.logGamma(Double(n) + 1) - Double.logGamma(Double(k) + 1) - Double.logGamma(Double(n - k) + 1)
    }

    /// The regularised incomplete beta function I_x(a, b), `a, b > 0`, `0 <= x <= 1`.
    ///
    /// Continued fraction by the modified Lentz method (Numerical Recipes, 3rd ed., §6.4; DLMF 8.17.22).
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0 && x >= 0 && x <= 1, "no incomplete beta of \(x), \(a), \(b)")
        if x == 0 || x == 1 { return x }
        let logFront =
            Double.logGamma(a + b) - Double.logGamma(a) - Double.logGamma(b) + a * Double.log(x)
            + b * Double.log(onePlus: -x)
        // The fraction converges fast only below the mean; above it the symmetric one does.
        if x < (a + 1) / (a + b + 2) {
            return Double.exp(logFront) * betaFraction(x, a, b) / a
        }
        return 1 - Double.exp(logFront) * betaFraction(1 - x, b, a) / b
    }

    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var result = d
        // It needs about sqrt(max(a, b)) steps near the mean; 100,000 covers 10^9 requests.
        for step in 1...100_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            for numerator in [even, odd] {
                d = 1 + numerator * d
                c = 1 + numerator / c
                d = 1 / (abs(d) < tiny ? tiny : d)
                c = abs(c) < tiny ? tiny : c
                result *= d * c
            }
            if abs(d * c - 1) < 1e-15 { break }
        }
        return result
    }

    /// The `x` at which I_x(a, b) is `probability`, by halving.
    static func inverseIncompleteBeta(_ probability: Double, _ a: Double, _ b: Double) -> Double {
        precondition(probability >= 0 && probability <= 1, "not a probability: \(probability)")
        var low = 0.0
        var high = 1.0
        // Halving 200 times exhausts every double between 0 and 1 of any use as a share.
        for _ in 0..<200 where low < high {
            let middle = low + (high - low) / 2
            if middle == low || middle == high { break }
            if incompleteBeta(middle, a, b) < probability { low = middle } else { high = middle }
        }
        return low + (high - low) / 2
    }

    /// The chance of at most `k` successes in `n` trials of `share` each.
    static func binomialAtMost(_ k: Int, of n: Int, share: Double) -> Double {
        if k < 0 { return 0 }
        if k >= n { return 1 }
        return incompleteBeta(1 - share, Double(n - k), Double(k) + 1)
    }

    /// The chance that a chi-square variable of `2a` degrees of freedom exceeds `2x`: Q(a, x), `a > 0`, `x >= 0`.
    ///
    /// Series below `a + 1`, continued fraction above (Numerical Recipes, 3rd ed., §6.2).
    static func upperGamma(_ a: Double, _ x: Double) -> Double {
        precondition(a > 0 && x >= 0, "no incomplete gamma of \(a), \(x)")
        if x == 0 { return 1 }
        let front = Double.exp(a * Double.log(x) - x - Double.logGamma(a))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var denominator = a
            for _ in 0..<100_000 {
                denominator += 1
                term *= x / denominator
                sum += term
                if term < sum * 1e-16 { break }
            }
            return 1 - front * sum
        }
        let tiny = 1e-300
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var result = d
        for step in 1...100_000 {
            let numerator = -Double(step) * (Double(step) - a)
            b += 2
            d = numerator * d + b
            d = 1 / (abs(d) < tiny ? tiny : d)
            c = b + numerator / c
            c = abs(c) < tiny ? tiny : c
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return front * result
    }

    /// The standard normal quantile of `probability`, which is above 0 and below 1.
    ///
    /// Halving on `erfc`, which keeps its accuracy in the tails; exactness matters more than speed here.
    static func normalQuantile(_ probability: Double) -> Double {
        precondition(probability > 0 && probability < 1, "no normal quantile of \(probability)")
        if probability > 0.5 { return -normalQuantile(1 - probability) }
        var low = -40.0
        var high = 0.0
        while true {
            let middle = low + (high - low) / 2
            if middle == low || middle == high { return middle }
            if Double.erfc(-middle / Double.sqrt(2)) / 2 < probability { low = middle } else { high = middle }
        }
    }
}
