// A rollout as it is told to people and kept in history.

import Vocabulary

/// Where a rollout stands. The words are those of the admin API.
package enum RolloutState: String, Hashable, Sendable, Codable {
    /// Replacing. Followed by any other.
    case rolling
    /// Held by an operator, or by a failure when undo is manual. Followed by `rolling` or `undoing`.
    case paused
    /// Going back. Followed by `undone` or `failed`.
    case undoing
    case completed
    case undone
    /// It could not even go back.
    case failed

    /// Whether nothing more will happen by itself.
    package var isFinal: Bool {
        switch self {
        case .completed, .undone, .failed: true
        case .rolling, .paused, .undoing: false
        }
    }
}

/// One rollout, running or ended. Pure.
package struct RolloutRecord: Hashable, Sendable, Codable {
    /// Counts up from 1 within the service.
    package var number: Int
    package var from: ReleaseName
    package var to: ReleaseName
    package var state: RolloutState
    /// What it waits for, or how it ended, in a sentence.
    package var reason: String
    /// Wall-clock time since 1970.
    package var startedAt: Duration
    package var endedAt: Duration?

    package init(
        number: Int, from: ReleaseName, to: ReleaseName, state: RolloutState = .rolling, reason: String,
        startedAt: Duration, endedAt: Duration? = nil
    ) {
        self.number = number
        self.from = from
        self.to = to
        self.state = state
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}
