// How sure a measured latency quantile is, without assuming any distribution.

/// Confidence bounds of a quantile by order statistics (David and Nagaraja, "Order Statistics", §7.1). Pure.
package enum QuantileRanks {
    /// The ranks, counted from 1 in ascending order, between which the true quantile lies with chance `1 - alpha`.
    ///
    /// `nil` when `count` values are too few to bound it on both sides. Assumes independent values: widen for
    /// latencies, which are not.
    package static func bounds(count: Int, quantile: Double, alpha: Double) -> ClosedRange<Int>? {
        precondition(quantile > 0 && quantile < 1, "a quantile is between 0 and 1: \(quantile)")
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        guard count > 0 else { return nil }
        // The lower rank l is sure when fewer than l values lie below the quantile only with chance alpha/2.
        let low = smallest(upTo: count) { below in
            SpecialFunctions.binomialAtMost(below, of: count, share: quantile) > alpha / 2
        }
        let high = smallest(upTo: count) { below in
            SpecialFunctions.binomialAtMost(below, of: count, share: quantile) >= 1 - alpha / 2
        }
        guard low >= 1, high + 1 <= count else { return nil }
        return low...(high + 1)
    }

    /// The smallest number in `0 ... limit` for which `holds`, which stays true once it is.
    private static func smallest(upTo limit: Int, where holds: (Int) -> Bool) -> Int {
        var low = 0
        var high = limit
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
