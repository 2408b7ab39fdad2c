// Asks backends whether they are well: many probes at once on one thread of its own, so that a slow backend delays no
// other and no probe waits behind the control plane. Not for what follows from an answer: see `Health`.

import Kernel
import Vocabulary

/// The probe engine. One thread; stopped by `stop()`, at the latest when the last reference goes.
package final class Prober: Sendable {
    /// Starts the thread.
    package init() throws(SystemError) {}

    /// Asks once and returns the verdict, within `order.timeout` and a scheduling delay. Never throws: whatever goes
    /// wrong is a failed probe with the reason in `detail`. After `stop()`, or when the task is cancelled, it fails.
    package func probe(_ order: ProbeOrder) async -> ProbeReport {
        ProbeReport(isPass: false, detail: "the prober has stopped", latency: .zero)
    }

    /// Fails every probe that is under way and ends the thread. Returns once it has ended.
    package func stop() {}
}
