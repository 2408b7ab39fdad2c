// What a rollout must remember over a restart of the server.

import Vocabulary

/// The memory of a rollout in progress. Holds no clock readings.
package struct RolloutProgress: Hashable, Sendable, Codable {
    package var record: RolloutRecord
    /// Whether an instance of the new release has ever served and settled in this rollout.
    package var isProven = false
    /// Failed starts in a row before the first became ready.
    package var failedStarts = 0
    /// Whether an instance of the new release was ever ready.
    package var wasEverReady = false
    /// How many new instances there were when it was paused: the share that is kept.
    package var freshWhenPaused: Int?
    /// Whether the new release fails so plainly that its instances no longer count as serving.
    package var isCondemned = false
    /// Why it turned back, in a sentence.
    package var cause: String?
    package var judge: OutcomeJudge

    package init(record: RolloutRecord, judge: OutcomeJudge) {
        self.record = record
        self.judge = judge
    }
}
