// Keeps retries a fraction of the traffic, so that a sick service is not killed by repetition.
// Whether a request may be retried at all is not decided here.

import Vocabulary

/// Allows retries up to a share of the requests of the last 10 s, plus a floor per second.
///
/// The window is ten slots of one second; requests and retries leave it together, a second at a time. Pure; constant
/// cost, no allocation. One per service and event-loop thread: give each thread its part of the floor.
/// Source: rule 16 of the research note (Linkerd: 20 % and 10/s, ttl 10 s; Envoy: 20 %, at least 3).
package struct RetryBudget: Sendable {
    /// Seconds, and slots, in the window.
    package static let windowSeconds = 10

    private struct Slot {
        var requests = 0
        var retries = 0
    }

    private let share: Double
    private let floorPerSecond: Double
    private var slots: [Slot]
    /// The second that the newest slot counts.
    private var second: Int64?

    /// `share`: retries per request, 0 … 1. `floorPerSecond`: retries allowed without any traffic. Values below zero, and
    /// what is no number, count as zero.
    package init(share: Double, floorPerSecond: Double = 3) {
        self.share = share > 0 ? min(share, 1) : 0
        self.floorPerSecond = floorPerSecond > 0 ? min(floorPerSecond, 1e6) : 0
        slots = Array(repeating: Slot(), count: Self.windowSeconds)
    }

    /// Counts a request (its first attempt).
    package mutating func countRequest(now: Instant) {
        slots[slot(at: now)].requests += 1
    }

    /// Takes one retry out of the budget; false when there is none left, and nothing is taken.
    package mutating func takeRetry(now: Instant) -> Bool {
        let newest = slot(at: now)
        var requests = 0
        var retries = 0
        for slot in slots {
            requests += slot.requests
            retries += slot.retries
        }
        let allowed = share * Double(requests) + floorPerSecond * Double(Self.windowSeconds)
        guard Double(retries + 1) <= allowed else { return false }
        slots[newest].retries += 1
        return true
    }

    /// The slot for `now`, after clearing those that have left the window. A clock that stands still or goes back counts
    /// in the newest slot.
    private mutating func slot(at now: Instant) -> Int {
        let current = now.nanoseconds / 1_000_000_000
        let length = Int64(Self.windowSeconds)
        let last = second ?? current
        if current > last {
            // The difference of two seconds counts cannot overflow.
            let passed = min(current - last, length)
            for step in 1...passed { slots[Self.index(of: last + step)] = Slot() }
            second = current
        } else if second == nil {
            second = current
        }
        return Self.index(of: max(current, last))
    }

    private static func index(of second: Int64) -> Int {
        let remainder = Int(second % Int64(windowSeconds))
        return remainder < 0 ? remainder + windowSeconds : remainder
    }
}
