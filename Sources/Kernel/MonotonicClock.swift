// The one place that reads the monotonic clock. Event loops and actors read it once per turn and hand `now` down.

import CKernel
import Glibc
import Vocabulary

/// The machine's monotonic clock (`CLOCK_MONOTONIC`): nanoseconds since boot, never set back.
package enum MonotonicClock {
    /// The time now. A vDSO call: about 20 ns.
    package static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
