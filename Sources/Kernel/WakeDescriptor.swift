// Wakes a thread that waits in poll: the one thing another thread may do to it.

import CKernel
import Glibc

/// An eventfd that a polling thread watches.
package struct WakeDescriptor: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    package init() throws(SystemError) {
        let number = portico_wake_descriptor()
        guard number >= 0 else { throw SystemError(operation: "eventfd", subject: "for waking a thread") }
        descriptor = OwnedDescriptor(number)
    }

    /// For `pollfd`.
    package var number: CInt { descriptor.number }

    /// Makes the descriptor readable. From any thread; waking twice is waking once.
    package borrowing func wake() {
        portico_wake(number)
    }

    /// Makes it unreadable again. To be called before looking at what it was woken for.
    package borrowing func clear() {
        portico_clear_wake(number)
    }
}
