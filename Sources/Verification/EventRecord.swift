// One event of a run as it happened: the order, its victim, its end. Made by `EventDirector`, read by the judges.

import Administration

/// What became of one event.
package struct EventRecord: Sendable {
    package var event: ScenarioEvent
    /// Right before the order was given.
    package var begun: Int64
    /// Right after it was accepted.
    package var accepted: Int64 = 0
    /// When it was seen to be done; `nil` if it never was.
    package var done: Int64?
    /// The process that was killed, and when its last thread was seen to be gone.
    package var victim: Victim?
    /// How the rollout ended.
    package var rollout: RolloutReport?
    /// Instances ready, of the service concerned, right before.
    package var readyBefore: Int = 0
    /// Why it could not be carried out, or was not done in time.
    package var failure: String?

    package init(event: ScenarioEvent, begun: Int64) {
        self.event = event
        self.begun = begun
    }

    package struct Victim: Sendable {
        /// The instance, or "server".
        package var name: String
        package var pid: Int32
        /// `nil`: nobody saw it end, so the fault does not count.
        package var ended: Int64?

        package init(name: String, pid: Int32, ended: Int64? = nil) {
            self.name = name
            self.pid = pid
            self.ended = ended
        }
    }

    /// The stretch of time in which it was under way.
    package func interval(until end: Int64) -> ClosedRange<Int64> { begun...max(begun, done ?? end) }
}
