// Counts, per connection, what costs a peer little and us much, against the budgets of `HTTP2Limits`.
// What follows when a budget is spent (GOAWAY, ENHANCE_YOUR_CALM) is `Multiplexer`'s.

import Vocabulary

/// One leaky bucket per kind (the generic cell rate algorithm: one number each). A trivial value. Pure.
package struct FloodGuard {
    package enum Kind: Int {
        case reset
        case ping
        case settings
        case empty
        case windowUpdate
        case priority
    }

    /// Per kind, the nanoseconds at which the bucket is empty again.
    private var emptyAt: [6 of Int64] = [0, 0, 0, 0, 0, 0]

    package init() {}

    /// Counts one; `false` when the budget is spent.
    package mutating func allows(_ kind: Kind, now: Instant) -> Bool {
        let budget = Self.budget(kind)
        let step = 1_000_000_000 / budget.perSecond
        let level = max(emptyAt[kind.rawValue], now.nanoseconds) &+ step
        guard level &- now.nanoseconds <= step &* budget.burst else { return false }
        emptyAt[kind.rawValue] = level
        return true
    }

    /// Takes back `count` of a kind: the peer has a reason.
    package mutating func credit(_ kind: Kind, _ count: Int64) {
        let step = 1_000_000_000 / Self.budget(kind).perSecond
        emptyAt[kind.rawValue] = max(0, emptyAt[kind.rawValue] &- step &* count)
    }

    private static func budget(_ kind: Kind) -> HTTP2Limits.Budget {
        switch kind {
        case .reset: HTTP2Limits.resets
        case .ping: HTTP2Limits.pings
        case .settings: HTTP2Limits.settings
        case .empty: HTTP2Limits.empties
        case .windowUpdate: HTTP2Limits.windowUpdates
        case .priority: HTTP2Limits.priorities
        }
    }
}
