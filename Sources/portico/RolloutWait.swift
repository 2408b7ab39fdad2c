// Watches one rollout to its end. The server may crash and come back meanwhile, and a later rollout may have begun by
// the time we look again: it is always the rollout with our number that is reported.

import Administration
import Control
import Glibc
import Vocabulary

/// Waits for a rollout and shows how it goes.
struct RolloutWait {
    /// Bounds of waiting.
    enum Limits {
        /// Between two looks.
        static let pauseMicroseconds: UInt32 = 200_000
        /// How long the front door may not answer before we give up.
        static let absenceMax = Duration.seconds(30)
        /// A rollout has its own, shorter deadline; a paused one has none.
        static let waitMax = Duration.seconds(24 * 3600)
    }

    let client: AdminClient
    let service: ServiceName
    /// Passes the time between two looks.
    var pause: () -> Void = { usleep(Limits.pauseMicroseconds) }

    /// The rollout as it was when it became final. Each line of progress is shown once.
    func wait(for rollout: RolloutReport, show: (String) -> Void) throws -> RolloutReport {
        let clock = ContinuousClock()
        let start = clock.now
        var lastAnswer = start
        var newest = rollout
        var shown = ""
        while !newest.state.isFinal {
            let line = "\(service): \(RolloutText.line(newest))"
            if line != shown { show(line) }
            shown = line
            pause()
            do {
                if let report = try find(rollout.number) { newest = report }
                lastAnswer = clock.now
            } catch {
                guard error.code == .unavailable, clock.now - lastAnswer < Limits.absenceMax else { throw error }
            }
            guard clock.now - start < Limits.waitMax else {
                throw CommandError("\(line) (not over after a day)", hint: "`portico rollout undo \(service)` ends it")
            }
        }
        return newest
    }

    private func find(_ number: Int) throws(AdministrationError) -> RolloutReport? {
        if let current = try client.rollout(service: service), current.number == number { return current }
        return try client.rolloutHistory(service: service).last { $0.number == number }
    }
}
