// The orders an operator can give, as the admin API carries them and the supervisor obeys them.

import Vocabulary

/// Something that can be administered: the supervisor, or its stand-in in tests of the admin API.
///
/// Every order returns once it is accepted, not once it is carried out, unless it says otherwise.
package protocol Administrator: Sendable {
    func status() async -> StatusReport

    /// The newest `count` lines of the event log, oldest first.
    func events(count: Int) async -> [EventReport]

    /// Sets the bounds between which `service` is scaled; equal bounds fix its size.
    func scale(_ order: ScaleOrder, service: ServiceName) async throws(AdministrationError) -> ServiceReport

    func startRollout(_ order: RolloutOrder, service: ServiceName) async throws(AdministrationError) -> RolloutReport
    func pauseRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport
    func resumeRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport

    /// While a rollout runs: back to where it came from. After one: a rollout to the stable release before it.
    func undoRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport

    /// The rollout in progress, or the last one; `nil` when there was none.
    func rollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport?

    /// Newest last.
    func rolloutHistory(service: ServiceName) async throws(AdministrationError) -> [RolloutReport]

    /// Reads the settings file again and applies the difference. Nothing changes when it has a problem.
    func reload() async throws(AdministrationError) -> ReloadReport

    /// Drains, stops the instances and ends both processes. Returns once draining has begun.
    func stop() async
}

/// `portico scale SERVICE MIN..MAX`.
package struct ScaleOrder: Codable, Sendable, Hashable {
    package var min: Int
    package var max: Int

    package init(min: Int, max: Int) {
        self.min = min
        self.max = max
    }
}

/// `portico rollout start SERVICE --release R`.
package struct RolloutOrder: Codable, Sendable, Hashable {
    package var release: String
    /// `rolling` is the only one today.
    package var strategy: String

    package init(release: String, strategy: String = "rolling") {
        self.release = release
        self.strategy = strategy
    }
}

/// What a reload changed.
package struct ReloadReport: Codable, Sendable, Hashable {
    /// One line per change; empty when nothing differed.
    package var changes: [String]
    package var revision: UInt64

    package init(changes: [String], revision: UInt64) {
        self.changes = changes
        self.revision = revision
    }
}

/// Why an order was refused.
package struct AdministrationError: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of reasons; its raw value is the JSON `code`.
    package enum Code: String, Codable, Sendable, Hashable {
        /// No such service, instance or release. HTTP 404.
        case notFound = "not_found"
        /// The order makes no sense as it stands. HTTP 400.
        case invalid
        /// It does not fit the present state, such as a second rollout. HTTP 409.
        case conflict
        /// The front door can't do it now. HTTP 503.
        case unavailable
    }

    package var code: Code
    package var message: String
    /// The operator's next step.
    package var hint: String?

    package init(code: Code, message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String {
        hint.map { "\(message)\n  hint: \($0)" } ?? message
    }
}
