// A save that fails again and again: what is said of it, and when it is tried again. Not for what to save. Pure.

import Vocabulary

/// The saves of one fleet's memory that failed in a row. An event log must tell of a full disk once, not with every step.
struct SaveTrouble: Hashable, Sendable {
    /// Between two tries while saving fails.
    static let retryInterval = Duration.seconds(1)
    /// Between two words about it.
    static let sayInterval = Duration.seconds(60)

    private(set) var failures = 0
    private var retryAt = Instant.zero
    private var sayAt = Instant.zero

    /// Whether a save is worth trying.
    func mayTry(now: Instant) -> Bool { failures == 0 || now >= retryAt }

    /// A save failed. Returns what to tell the operator; `nil` when that was said a short while ago.
    mutating func failed(_ cause: String, now: Instant) -> String? {
        let isNew = failures == 0
        failures += 1
        retryAt = now + Self.retryInterval
        guard isNew || now >= sayAt else { return nil }
        sayAt = now + Self.sayInterval
        let again = isNew ? "" : "still "
        return "\(again)can't save what is known of its rollouts, so that a restart would forget it: \(cause)"
    }

    /// A save succeeded. Returns what to tell; `nil` when there was no trouble.
    mutating func succeeded() -> String? {
        guard failures > 0 else { return nil }
        self = SaveTrouble()
        return "what is known of its rollouts is saved again"
    }
}
