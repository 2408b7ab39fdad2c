// How the processes of a simulated release behave.

import Vocabulary

/// The behaviour of one release. Pure. Times are in milliseconds, drawn evenly from their range.
package struct Conduct: Sendable, Hashable {
    /// From the spawn to the first connection it takes.
    package var boot: ClosedRange<Int>
    /// The chance that it exits while it boots.
    package var crashesAtBoot: Double
    /// Whether it never passes a probe.
    package var neverReady: Bool
    /// The share of requests it answers with 500.
    package var failing: Double
    /// Crashes per second once it runs; none any more once the world is calm.
    package var crashRate: Double
    /// How long a request takes.
    package var work: ClosedRange<Int>
    /// From SIGTERM to its exit. It finishes nothing: what is in flight then is lost.
    package var exit: ClosedRange<Int>
    /// Whether only SIGKILL ends it.
    package var ignoresTerminate: Bool

    package init(
        boot: ClosedRange<Int> = 200...1500, crashesAtBoot: Double = 0, neverReady: Bool = false, failing: Double = 0,
        crashRate: Double = 0, work: ClosedRange<Int> = 20...800, exit: ClosedRange<Int> = 0...50,
        ignoresTerminate: Bool = false
    ) {
        self.boot = boot
        self.crashesAtBoot = crashesAtBoot
        self.neverReady = neverReady
        self.failing = failing
        self.crashRate = crashRate
        self.work = work
        self.exit = exit
        self.ignoresTerminate = ignoresTerminate
    }
}
