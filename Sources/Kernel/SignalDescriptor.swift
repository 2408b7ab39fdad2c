// Signals as something to read, so that a poll loop handles them between two turns and never inside one.

import CKernel
import Glibc

/// A signalfd. The signals are blocked in the thread that makes it and in every thread that thread starts later.
package struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    package init(_ signals: [CInt]) throws(SystemError) {
        let number = portico_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw SystemError(operation: "signalfd", subject: "for \(signals.count) signals") }
        descriptor = OwnedDescriptor(number)
    }

    /// For `pollfd`.
    package var number: CInt { descriptor.number }

    /// The next signal that came in; `nil` when there is none now. Several of one kind may come as one.
    package borrowing func next() -> CInt? {
        let signal = portico_next_signal(number)
        return signal == 0 ? nil : signal
    }
}
