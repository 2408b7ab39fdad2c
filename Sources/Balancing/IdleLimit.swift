// How long a backend keeps idle connections, learned from what it says and from what it does. A request sent on a
// connection that the backend closes in the same moment is lost or has to be repeated, so the pool stops using
// connections shortly before their backend would.
//
// What it does teaches only by agreement: one connection that ends may be a crash, a restart ends many at once at any
// age, and an idle timer ends them one by one at the same age.

import Vocabulary

/// What is known of one backend's idle timer. A trivial value; one per backend and event-loop thread. Pure; constant
/// cost, no allocation.
/// Source: rule 15 of the research note.
package struct IdleLimit: Hashable, Sendable {
    /// A connection that ends younger than this did not end by an idle timer.
    package static let ageMin = Duration.milliseconds(250)
    /// Ends at the same age, at different moments, that make a limit.
    package static let agreementsMin = 3
    /// Ends within this time of each other are one event, such as a restart.
    package static let momentMax = Duration.milliseconds(200)
    /// How long a learned limit counts. A timer that was made longer is found out then, at the price of learning anew.
    package static let memory = Duration.seconds(600)
    /// How much sooner than the backend we stop at the least; otherwise an eighth of the limit. The request must reach
    /// the backend in this time.
    package static let marginMin = Duration.milliseconds(100)

    /// The age at which connections seem to end, and how many ends agree so far.
    private var candidate = Duration.zero
    private var agreements = 0
    private var lastEnd: Instant?
    /// How long a connection may be idle by what was seen, and by what was said. Kept with the margin taken off: it is
    /// asked for twice per request, and changes seldom.
    private var learned: Duration?
    private var learnedAt = Instant.zero
    private var stated: Duration?
    private var statedSeconds: UInt64?

    package init() {}

    /// The backend ended a connection that had been idle for `age`, or had just been taken for a request after so long.
    package mutating func sawEnd(afterIdle age: Duration, now: Instant) {
        guard age >= Self.ageMin else { return }
        if let lastEnd, now < lastEnd + Self.momentMax { return }
        lastEnd = now
        // Alike: within a quarter. A server that looks for idle connections once a second ends them that much later.
        if agreements > 0, age <= candidate * 5 / 4, candidate <= age * 5 / 4 {
            agreements = min(agreements + 1, Self.agreementsMin)
            candidate = min(candidate, age)
        } else {
            agreements = 1
            candidate = age
        }
        guard agreements >= Self.agreementsMin else { return }
        learned = Self.usable(candidate)
        learnedAt = now
    }

    /// The backend says how long it keeps idle connections (`Keep-Alive: timeout=5`). Its last word counts.
    package mutating func announced(seconds: UInt64) {
        guard seconds != statedSeconds else { return }
        statedSeconds = seconds
        stated = Self.usable(.seconds(Int64(min(seconds, 1 << 32))))
    }

    /// How long a connection may have been idle and still be used; zero: not at all; `nil`: nothing is known.
    package func usable(now: Instant) -> Duration? {
        guard let learned, now < learnedAt + Self.memory else { return stated }
        return min(learned, stated ?? learned)
    }

    private static func usable(_ limit: Duration) -> Duration {
        max(.zero, limit - max(limit / 8, marginMin))
    }
}
