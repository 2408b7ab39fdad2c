// The exact average of requests in flight over the last seconds, from integrals rather than from samples.

import Vocabulary

/// Averages over the newest stretch of time. Pure. Holds at most about 4 entries a second of its span.
struct ConcurrencyWindow: Sendable {
    private struct Stretch {
        var start: Instant
        var end: Instant
        /// The average requests in flight from `start` to `end`.
        var average: Double
    }

    /// Stretches shorter than this are merged with the one before.
    private static let stretchMin = Duration.milliseconds(250)

    private let span: Duration
    /// Oldest first, end to end.
    private var stretches: [Stretch] = []

    init(span: Duration) {
        self.span = span
    }

    /// Adds the average from `start` to `end`; an empty stretch adds nothing.
    mutating func add(average: Double, from start: Instant, to end: Instant) {
        guard end > start else { return }
        if let last = stretches.last, end - last.start < Self.stretchMin {
            let before = (last.end - last.start).inSeconds
            let added = (end - start).inSeconds
            let merged = (last.average * before + average * added) / (before + added)
            stretches[stretches.count - 1] = Stretch(start: last.start, end: end, average: merged)
        } else {
            stretches.append(Stretch(start: start, end: end, average: average))
        }
        let tooOld = stretches.prefix { end - $0.end >= span }.count
        if tooOld > 0 { stretches.removeFirst(tooOld) }
    }

    /// The average over the `length` before the newest end, or over what is known of it; `nil` when nothing is.
    func average(over length: Duration) -> Double? {
        guard let end = stretches.last?.end else { return nil }
        let start = end - length
        var integral = 0.0
        var seconds = 0.0
        for stretch in stretches.reversed() {
            guard stretch.end > start else { break }
            let covered = (stretch.end - max(stretch.start, start)).inSeconds
            integral += stretch.average * covered
            seconds += covered
        }
        return seconds > 0 ? integral / seconds : nil
    }
}
