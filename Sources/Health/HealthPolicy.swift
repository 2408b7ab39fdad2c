// How often a backend is probed and how many answers in a row change its standing.

import Vocabulary

/// The health settings of a service. Pure.
///
/// Defaults: research note on balancers, §2 rules 1, 2 and 4.
package struct HealthPolicy: Hashable, Sendable, Codable {
    /// Between two probes of a backend that is settled.
    package var interval: Duration
    /// How long one probe may take.
    package var timeout: Duration
    /// Failed probes in a row that take a backend out. 1 or more.
    package var fall: Int
    /// Passed probes in a row that bring a fallen backend back. 1 or more. The first ever needs only one.
    package var rise: Int
    /// By how much of itself a settled interval is spread, both ways: `0.1` is ±10 %. `0 ..< 1`.
    package var jitter: Double
    /// Between two probes before the first pass.
    package var firstInterval: Duration
    /// Between two probes while the standing is in question, and while the backend is down.
    package var fastInterval: Duration
    /// Refused connections in a row, seen by traffic, that take a backend out without waiting for a probe. 1 or more.
    package var connectFailuresMax: Int

    package init(
        interval: Duration = .seconds(2), timeout: Duration = .seconds(1), fall: Int = 3, rise: Int = 2,
        jitter: Double = 0.1, firstInterval: Duration = .milliseconds(100),
        fastInterval: Duration = .milliseconds(500), connectFailuresMax: Int = 3
    ) {
        precondition(fall >= 1 && rise >= 1 && connectFailuresMax >= 1, "health thresholds are 1 or more")
        precondition(jitter >= 0 && jitter < 1, "health jitter is a share below 1: \(jitter)")
        precondition(interval > .zero && firstInterval > .zero && fastInterval > .zero, "probe intervals are positive")
        self.interval = interval
        self.timeout = timeout
        self.fall = fall
        self.rise = rise
        self.jitter = jitter
        self.firstInterval = firstInterval
        self.fastInterval = fastInterval
        self.connectFailuresMax = connectFailuresMax
    }
}
