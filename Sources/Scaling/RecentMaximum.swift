// The largest value of the last while.

import Vocabulary

/// A sliding maximum. Pure. Amortised constant time; holds only values that may still become the maximum.
struct RecentMaximum: Sendable {
    private var candidates: [(at: Instant, value: Double)] = []

    mutating func add(_ value: Double, at now: Instant) {
        while let last = candidates.last, last.value <= value { candidates.removeLast() }
        candidates.append((now, value))
    }

    /// The largest value added within `window` before `now`; `nil` when there is none.
    mutating func maximum(within window: Duration, now: Instant) -> Double? {
        let tooOld = candidates.prefix { now - $0.at > window }.count
        if tooOld > 0 { candidates.removeFirst(tooOld) }
        return candidates.first?.value
    }
}
