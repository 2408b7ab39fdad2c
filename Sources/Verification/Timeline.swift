// When things happened in a run, on the monotonic clock: phases, events and what became of them. Made by the conductor,
// read by the judges.

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
