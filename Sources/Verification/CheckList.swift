// What must hold in a run. The exact checks are on unless a scenario takes them out; the statistical ones judge only
// when a scenario gives their limit. Which is which: see `Judge`.

import Vocabulary

/// The checks of a scenario and their limits. Pure value.
package struct CheckList: Sendable, Hashable {
    /// How requests must be spread over the instances of a service.
    package struct Distribution: Sendable, Hashable {
        package enum Expectation: String, Sendable, Hashable, CaseIterable {
            /// Exact: in every epoch of constant membership the counts differ by at most the number of workers.
            case roundRobin = "round_robin"
            /// Equal shares within a tolerance, by an equivalence test.
            case even
        }

        /// `nil`: every service with at least two instances that has answered.
        package var service: String?
        /// `nil`: exact for services balanced by `round_robin`, else `even`.
        package var expect: Expectation?
        /// Relative: 0.2 lets a share of 1/4 be 0.2 … 0.3.
        package var tolerance: Double = 0.2
    }

    /// An upper limit on a latency quantile in the window.
    package struct Latency: Sendable, Hashable {
        /// `nil`: every stream.
        package var stream: String?
        /// In 0 ..< 1.
        package var quantile: Double
        /// Times the baseline's quantile; 0 for an absolute limit.
        package var factor: Double
        package var plus: Duration
    }

    /// How strong the proof must be; what is `nil` is reported and not asked for.
    package struct Proof: Sendable, Hashable {
        /// Upper bound of the failure rate, 0 ... 1.
        package var failureRateMax: Double?
        /// The shortest outage of one instance that could not have gone unseen.
        package var detectableOutageMax: Duration?
        /// In 0 ..< 1.
        package var confidence: Double = 0.999
    }

    package var noFailedRequest = true
    package var accountedOnce = true
    package var integrity = true
    package var versions = true
    package var acknowledgedWritesReadable = true
    /// Instances that may be missing during a rollout; `nil` takes the check out.
    package var capacityUnavailable: Int? = 0
    /// `nil` takes the check out.
    package var distribution: Distribution? = Distribution()
    package var latency: [Latency] = []
    /// The longest time without a success that is allowed; `nil`: reported, not judged.
    package var gapMax: Duration?
    package var proof = Proof()
    /// The 99.9th percentile of the driver's own lateness; above it the run is invalid.
    package var lagMax: Duration = .milliseconds(100)
}
