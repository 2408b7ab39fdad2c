// The releases of the documents service: two that work and differ visibly, and three that are broken on purpose,
// so that scenarios can show how a rollout ends when a release is bad.

import ArgumentParser

/// A release of the documents service. The raw value is its name on the command line and in `X-Release`.
enum DocumentsRelease: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// Documents are `{"id", "data"}`.
    case v1
    /// Documents also carry `revision` and `updated_at`.
    case v2
    /// Exits with status 1 at start.
    case brokenStart = "broken-start"
    /// Passes its health check and answers 500 to everything else.
    case broken500 = "broken-500"
    /// Runs, but its health check answers 503 for ever.
    case neverReady = "never-ready"

    /// Whether documents show the columns that v2 added. The broken ones are broken successors of v1, hence newer.
    var showsRevisions: Bool { self != .v1 }
}
