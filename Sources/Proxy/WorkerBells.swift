// Lets one worker wake another: a place at a listener was handed over.

import CKernel
import EventLoop
import Glibc
import Synchronization

/// The bells of a gateway's workers, by their number.
///
/// Each is a duplicate of the loop's own descriptor, closed only when nobody has this object any more: a worker that
/// ends while another rings can't make that write into a stranger's descriptor.
final class WorkerBells: Sendable {
    private let descriptors: Mutex<[CInt]>

    init(workers: Int) {
        descriptors = Mutex(Array(repeating: -1, count: workers))
    }

    deinit {
        descriptors.withLock { for descriptor in $0 where descriptor >= 0 { close(descriptor) } }
    }

    func hang(_ bell: WakeupBell, of worker: Int) {
        descriptors.withLock {
            guard $0[worker] < 0 else { return }
            $0[worker] = fcntl(bell.descriptor, F_DUPFD_CLOEXEC, 0)
        }
    }

    /// A lock is held for one system call; bells ring only while a listener is full.
    func ring(_ worker: Int) {
        descriptors.withLock { if $0[worker] >= 0 { loop_wakeup_ring($0[worker]) } }
    }
}
