// What the conductor and the load's thread share: when to end, and how far it is.

import Synchronization

/// The one thing both threads touch. Times are nanoseconds of the monotonic clock.
final class LoadControl: Sendable {
    /// Figures for the progress line.
    struct Progress: Sendable {
        var begun = 0
        var inFlight = 0
        var succeeded = 0
        var failed = 0
        /// The newest failure, in words.
        var lastFailure: Outcome?
    }

    private let end = Atomic<Int64>(.max)
    private let shared = Mutex(Progress())

    /// No request that is due at or after this instant is begun.
    var endsAt: Int64 { end.load(ordering: .acquiring) }

    func end(at instant: Int64) { end.store(instant, ordering: .releasing) }

    var progress: Progress { shared.withLock { $0 } }

    func report(begun: Int, inFlight: Int) {
        shared.withLock {
            $0.begun = begun
            $0.inFlight = inFlight
        }
    }

    func count(_ record: RequestRecord) {
        shared.withLock {
            if record.isSuccess {
                $0.succeeded += 1
            } else {
                $0.failed += 1
                $0.lastFailure = record.outcome
            }
        }
    }
}
