// The one thing about a loop that other threads may touch.

import CKernel

/// Makes a loop's `next` return `.wakeup`. Valid as long as the loop runs.
package struct WakeupBell: Sendable {
    package let descriptor: CInt

    package func ring() {
        loop_wakeup_ring(descriptor)
    }
}
