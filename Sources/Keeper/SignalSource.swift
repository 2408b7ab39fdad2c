// Where the keeper's signals come from.

import CKernel
import Kernel

/// Something to poll, and what to read from it.
struct SignalSource {
    /// For `pollfd`; readable when a signal has come.
    let number: CInt
    /// The next signal; `nil` when there is none now.
    let next: () -> CInt?

    /// The signals of this process: blocked in this thread and in every thread that it starts from now on.
    static func process(_ signals: [CInt]) throws(SystemError) -> SignalSource {
        final class Holder {
            let descriptor: SignalDescriptor
            init(_ signals: [CInt]) throws(SystemError) { descriptor = try SignalDescriptor(signals) }
        }
        let holder = try Holder(signals)
        return SignalSource(number: holder.descriptor.number) { holder.descriptor.next() }
    }
}
