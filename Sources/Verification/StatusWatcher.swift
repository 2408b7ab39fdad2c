// Looks at the front door's status over and over, on a thread of its own: an admin API that stalls must not delay events.

import Administration
import Synchronization

/// Watches the status of a front door until told to stop.
final class StatusWatcher: Sendable {
    /// One look and when it was taken.
    struct Look: Sendable {
        var report: StatusReport
        var asked: Int64
        var answered: Int64
    }

    private struct State: Sendable {
        var latest: Look?
        var samples: [StatusSample] = []
        var isStopping = false
    }

    private static let periodNanoseconds: Int64 = 50_000_000
    private let state = Mutex(State())
    private let worker = Mutex<WorkerThread<Void>?>(nil)

    init(_ administration: any FrontDoorAdministration) {
        let thread = WorkerThread<Void> { [self] in
            var next = DriverClock.now
            while !state.withLock({ $0.isStopping }) {
                look(administration)
                next = max(next + Self.periodNanoseconds, DriverClock.now)
                DriverClock.sleep(nanoseconds: next - DriverClock.now)
            }
        }
        worker.withLock { $0 = thread }
    }

    private func look(_ administration: any FrontDoorAdministration) {
        let asked = DriverClock.now
        // Nobody answers while a killed server is replaced; the next look will tell.
        guard let report = try? administration.status() else { return }
        let answered = DriverClock.now
        let sample = StatusSample(report, asked: asked, answered: answered)
        state.withLock {
            $0.latest = Look(report: report, asked: asked, answered: answered)
            $0.samples.append(sample)
        }
    }

    var latest: Look? { state.withLock { $0.latest } }

    /// Ends the watch and hands out what was seen. Once.
    func stop() -> [StatusSample] {
        state.withLock { $0.isStopping = true }
        worker.withLock { $0.take() }?.join()
        return state.withLock { $0.samples }
    }
}
