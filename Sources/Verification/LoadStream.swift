// One stream of a scenario's load: what is sent, how often, over what connections, and what must come back.

import Vocabulary

/// One independent stream of requests. Pure value.
package struct LoadStream: Sendable {
    /// When requests start.
    package enum Arrival: Sendable, Hashable {
        /// Open loop: requests start when they are due, whether or not earlier ones were answered.
        case open(stages: [Stage], model: Model)
        /// Closed loop: each user waits for the answer, thinks, and asks again.
        case closed(users: Int, think: Duration)
    }

    /// A stretch of the rate profile. Requests per second go from `from` to `to` over `length`; `nil` is for ever.
    package struct Stage: Sendable, Hashable {
        package var from: Double
        package var to: Double
        package var length: Duration?
    }

    /// How arrivals are spaced within an open loop.
    package enum Model: String, Sendable, Hashable, CaseIterable {
        /// Exponential gaps: an outage can't hide between them.
        case poisson
        /// Even gaps.
        case uniform
    }

    /// Whether connections are used again.
    package enum Connections: String, Sendable, Hashable, CaseIterable {
        case keepalive
        /// One new connection per request.
        case fresh
    }

    /// Where the application's answer says which release it comes from.
    package enum ReleaseMark: Sendable, Hashable {
        /// Lower case.
        case header(String)
        /// A field of the answer's top-level JSON object.
        case json(String)
    }

    /// How an acknowledged write is read at the end of the run.
    package struct ReadBack: Sendable {
        package var path: Template
        package var headers: [HeaderField]
        package var expect: Expectation
    }

    package struct HeaderField: Sendable {
        package var name: String
        package var value: Template
    }

    package var name: String
    package var method: String
    package var path: Template
    package var headers: [HeaderField]
    package var body: Template?
    package var arrival: Arrival
    package var connections: Connections
    package var timeout: Duration
    package var isIdempotent: Bool
    package var expect: Expectation
    package var releaseMark: ReleaseMark?
    package var readBack: ReadBack?
}
