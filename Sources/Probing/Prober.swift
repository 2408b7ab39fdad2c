// Asks backends whether they are well: many probes at once on one thread of its own, so that a slow backend delays no
// other and no probe waits behind the control plane. Not for what follows from an answer: see `Health`.

import Kernel
import Vocabulary

/// The probe engine. One thread, which ends with `stop()` or with this object.
package final class Prober: Sendable {
    private let loop: ProbeLoop
    private let thread: NativeThread

    /// Starts the thread.
    package init() throws(SystemError) {
        let loop = try ProbeLoop()
        self.loop = loop
        thread = try NativeThread(name: "prober") { loop.run() }
    }

    deinit {
        loop.stop()
        // The last reference may go on any thread, but never on the prober's: it has none.
        thread.join()
    }

    /// Asks once and returns the verdict, within `order.timeout` and a scheduling delay. Never throws: whatever goes
    /// wrong is in the verdict, with the reason in `detail`. After `stop()`, or when the task is cancelled, nothing is
    /// sent any more.
    package func probe(_ order: ProbeOrder) async -> ProbeReport {
        let ticket = ProbeTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { loop.add(order, ticket, caller: $0) }
        } onCancel: {
            loop.cancel(ticket)
        }
    }

    /// Calls off every probe that is under way, now and from now on. The thread ends by itself.
    package func stop() {
        loop.stop()
    }
}
