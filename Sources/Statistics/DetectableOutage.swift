// How short an outage the load could have missed.

import RealModule

/// Outages of length d that hit a share f of requests, arriving at random at rate r, in each of s swaps: missed with
/// chance exp(-r f d s). Pure.
package enum DetectableOutage {
    /// The chance that no request met any of the outages.
    ///
    /// - Parameters:
    ///   - seconds: length of one outage, 0 or more.
    ///   - rate: requests per second, above 0.
    ///   - share: of requests that would be hit, above 0, at most 1.
    ///   - swaps: how many such outages there were, 1 or more.
    package static func missChance(seconds: Double, rate: Double, share: Double, swaps: Int) -> Double {
        Double.exp(-rate * share * max(seconds, 0) * Double(swaps))
    }

    /// The shortest outage, in seconds, that would have been seen with chance `1 - alpha`; infinite without load.
    package static func shortestSeconds(rate: Double, share: Double, swaps: Int, alpha: Double) -> Double {
        precondition(alpha > 0 && alpha < 1, "alpha is between 0 and 1: \(alpha)")
        let seen = rate * share * Double(swaps)
        return seen > 0 ? -Double.log(alpha) / seen : .infinity
    }
}
