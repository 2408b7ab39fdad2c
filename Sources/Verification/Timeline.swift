// When things happened in a run, on the monotonic clock: phases, events and what became of them. Made by the conductor,
// read by the judges.

import Administration

/// The part of a run in which a request was due.
package enum Phase: String, Sendable, Hashable, CaseIterable, Codable {
    case warmup, baseline, window, settle
    /// Writes read back after the load has ended.
    case readBack = "read_back"
}

/// The times of one run, in nanoseconds.
package struct Timeline: Sendable {
    package var start: Int64 = 0
    package var baselineStart: Int64 = 0
    package var windowStart: Int64 = 0
    /// When the last event was done.
    package var windowEnd: Int64 = 0
    /// When the load ended.
    package var end: Int64 = 0
    /// Wall clock minus monotonic clock.
    package var wallOffset: Int64 = 0
    package var events: [EventRecord] = []

    package func phase(of record: RequestRecord) -> Phase {
        if record.isReadBack { return .readBack }
        if record.intended < baselineStart { return .warmup }
        if record.intended < windowStart { return .baseline }
        return record.intended < windowEnd ? .window : .settle
    }

    /// A time of the logs (microseconds since 1970) on the monotonic clock.
    package func monotonic(wallMicroseconds: Int64) -> Int64 { wallMicroseconds * 1000 - wallOffset }

    /// Seconds since the start of the load.
    package func seconds(_ instant: Int64) -> Double { Double(instant - start) / 1e9 }
}

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
