// What to ask of a backend, and what came of it.

import TLS
import Vocabulary

/// One probe: where, what and for how long.
package struct ProbeOrder: Hashable, Sendable {
    /// How a backend is asked.
    package enum Kind: Hashable, Sendable {
        /// Passes once a connection is made.
        case tcp
        /// `GET path` with this `Host`; passes on a status of 200…299.
        case http(path: String, host: String)
    }

    /// Numeric, or a unix path. A host name fails the probe: names are resolved before.
    package var endpoint: Endpoint
    package var kind: Kind
    /// With TLS, the handshake must go well first, whatever the kind.
    package var security: ProbeSecurity?
    /// From the first step to the verdict.
    package var timeout: Duration

    package init(endpoint: Endpoint, kind: Kind, security: ProbeSecurity? = nil, timeout: Duration) {
        self.security = security
        self.endpoint = endpoint
        self.kind = kind
        self.timeout = timeout
    }
}

/// How a backend is asked over TLS.
package struct ProbeSecurity: Hashable, Sendable {
    package var context: TLSClientContext
    /// What its certificate must name.
    package var name: String

    package init(context: TLSClientContext, name: String) {
        self.context = context
        self.name = name
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.context === right.context && left.name == right.name
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(context))
        hasher.combine(name)
    }
}

/// What came of a probe.
package struct ProbeReport: Hashable, Sendable {
    /// What it says of the backend.
    package enum Verdict: Hashable, Sendable {
        case passed
        case failed
        /// We could not ask: out of descriptors, at a bound of ours, or stopping. It says nothing of the backend.
        case notSent
    }

    package var verdict: Verdict
    /// A sentence for the operator: "200 in 1.2 ms", "connection refused: nothing listens on 127.0.0.1:41234".
    package var detail: String
    /// From the first step to the verdict.
    package var latency: Duration

    package var isPass: Bool { verdict == .passed }

    package init(_ verdict: Verdict, detail: String, latency: Duration) {
        self.verdict = verdict
        self.detail = detail
        self.latency = latency
    }
}
