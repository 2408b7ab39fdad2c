// Smooth weighted round robin: over any run of picks each backend gets its share, without bursts.
// Which backends are eligible is the caller's knowledge.

/// Picks indices in turn, in proportion to their weights, spread evenly: weights 5, 1, 1 give a a b a c a a.
///
/// Each pick adds to every eligible index its weight, takes the largest sum (the lowest index on a tie) and takes the
/// sum of the eligible weights off it. Over n picks with all eligible, an index gets its exact share ± 1.
/// Pure; a pick does not allocate and is linear in the number of backends. Source: nginx,
/// `ngx_http_upstream_round_robin.c`.
package struct RoundRobin: Sendable {
    let weights: [Int]
    var current: [Int]

    /// Weights of 0 or less count as 1, those above 65,535 as 65,535 (nginx' bound is similar, and sums stay small).
    package init(weights: [Int]) {
        self.weights = weights.map { min(max($0, 1), 65_535) }
        current = Array(repeating: 0, count: weights.count)
    }

    /// The next index that is eligible, or `nil` when none is.
    ///
    /// An index that is not eligible keeps its sum, and so comes back where it was: no burst after an outage.
    package mutating func next(isEligible: (Int) -> Bool) -> Int? {
        var total = 0
        var best: Int?
        for index in weights.indices where isEligible(index) {
            total += weights[index]
            current[index] += weights[index]
            if let leader = best, current[index] <= current[leader] { continue }
            best = index
        }
        if let best { current[best] -= total }
        return best
    }
}
