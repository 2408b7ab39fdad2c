// The backend with the fewest requests in flight for its weight.
// Not for counting requests in flight: the caller has the gauges.

/// Picks the index with the least `inFlight / weight`; ties go round in turn.
///
/// Pure; a pick does not allocate and is linear in the number of backends.
package struct LeastConnections: Sendable {
    let weights: [Int]
    /// Where the next search begins: behind the index picked last.
    var start = 0

    /// Weights of 0 or less count as 1, those above 65,535 as 65,535.
    package init(weights: [Int]) {
        self.weights = weights.map { min(max($0, 1), 65_535) }
    }

    /// The least loaded eligible index, or `nil` when none is. `inFlight` is called once per eligible index.
    package mutating func next(inFlight: (Int) -> Int, isEligible: (Int) -> Bool) -> Int? {
        var best: Int?
        var bestLoad = 0
        var index = start
        for _ in weights.indices {
            if isEligible(index) {
                let load = inFlight(index)
                // load / weight < bestLoad / bestWeight without division. Loads are counts of requests, so the
                // products stay far below 2^63.
                if best.map({ load &* weights[$0] < bestLoad &* weights[index] }) ?? true {
                    best = index
                    bestLoad = load
                }
            }
            index = index + 1 == weights.count ? 0 : index + 1
        }
        if let best { start = best + 1 == weights.count ? 0 : best + 1 }
        return best
    }
}
