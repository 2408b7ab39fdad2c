// When to start the next server after one has died. Pure.

import Vocabulary

/// Counts early deaths in a row and spaces the restarts.
struct ServerRestarts: Sendable {
    /// Servers that died within `KeeperLimits.earlyDeath`, one after the other.
    private(set) var earlyDeaths = 0

    /// A server died unexpectedly: how long to wait before the next one starts.
    ///
    /// Nothing after one that had lived, and nothing after the first early death: a crash by a bad request must not
    /// cost more than the requests in flight. Then 100 ms, doubling to 5 s: a server that can't start at all must not
    /// eat the machine.
    mutating func delay(afterLifetime lifetime: Duration) -> Duration {
        guard lifetime < KeeperLimits.earlyDeath else {
            earlyDeaths = 0
            return .zero
        }
        earlyDeaths += 1
        guard earlyDeaths > 1 else { return .zero }
        let doublings = min(earlyDeaths - 2, 16)
        return min(KeeperLimits.restartDelayFirst * (1 << doublings), KeeperLimits.restartDelayMax)
    }
}
