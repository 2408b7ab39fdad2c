// How much a run without any failure proves.

import RealModule

/// The strength of "nothing failed": the exact binomial bound, 3.0/n at 95 %, 6.9/n at 99.9 %. Pure.
package enum ZeroFailureBound {
    /// The highest failure share that `requests` passes leave possible at error `alpha`; 1 without requests.
    package static func shareMax(requests: Int, alpha: Double) -> Double {
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        guard requests > 0 else { return 1 }
        return -Double.expMinusOne(Double.log(alpha) / Double(requests))
    }

    /// How many passes in a row show, at error `alpha`, that fewer than `share` fail. `share` above 0, below 1.
    ///
    /// Saturates at `Int.max`.
    package static func requestsNeeded(share: Double, alpha: Double) -> Int {
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        precondition(share > 0 && share < 1, "the share is between 0 and 1: \(share)")
        return ceiling(Double.log(alpha) / Double.log(onePlus: -share))
    }

    static func ceiling(_ count: Double) -> Int {
        count >= 0x1p62 ? .max : Int(count.rounded(.up))
    }
}
