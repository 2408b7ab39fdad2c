// What a scenario does to the front door while the load runs.

import Vocabulary

/// One entry of a scenario's timeline. Pure value.
package struct ScenarioEvent: Sendable, Hashable {
    /// When it is done.
    package enum Start: Sendable, Hashable {
        /// This long after the end of the baseline.
        case baseline(Duration)
        /// This long after the event of that id is done.
        case after(String, wait: Duration)
    }

    package enum Order: Sendable, Hashable {
        /// Done when that many instances are ready and no other is left.
        case scale(service: String, count: Int)
        /// Done when as many instances are ready as are desired, and the victim is not one of them.
        case kill(service: String, pick: Pick, signal: Signal)
        /// Done when the rollout has ended, whichever way.
        case rollout(service: String, release: String, expect: Outcome)
        /// SIGKILL to the server process. Done when another one serves and says it is ready.
        case killServer

        package var service: String? {
            switch self {
            case .scale(let service, _), .kill(let service, _, _), .rollout(let service, _, _): service
            case .killServer: nil
            }
        }
    }

    /// Which instance is killed, among those that are ready.
    package enum Pick: Sendable, Hashable {
        /// Drawn from the seed.
        case any
        /// The one with the lowest number.
        case oldest
        /// The one with the highest number.
        case newest
        /// Drawn among those of a release.
        case release(String)
    }

    package enum Signal: String, Sendable, Hashable, CaseIterable {
        case kill = "KILL"
        case term = "TERM"
        case abort = "ABRT"
        case segfault = "SEGV"
    }

    /// How a rollout must end.
    package enum Outcome: String, Sendable, Hashable, CaseIterable {
        case completed
        case undone
    }

    package var id: String
    package var start: Start
    package var order: Order
    /// How long it may take to be done.
    package var within: Duration
}
