// A file descriptor with exactly one owner, closed when the owner lets go of it.

import CKernel
import Glibc

/// An open file descriptor that is closed with its owner.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// Valid as long as this value lives; never store it beyond.
    package let number: CInt

    /// Takes ownership of an open descriptor.
    package init(_ number: CInt) {
        precondition(number >= 0, "a descriptor is not negative: \(number)")
        self.number = number
    }

    deinit {
        // EBADF here means that somebody closed what they did not own: the number may be another file by now.
        let result = Glibc.close(number)
        precondition(result == 0 || errno != EBADF, "descriptor \(number) was closed by somebody else")
    }

    /// Gives up ownership: the caller has to close the number.
    package consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }

    /// A second descriptor of the same open file, close-on-exec.
    package borrowing func duplicate() throws(SystemError) -> OwnedDescriptor {
        let copy = portico_duplicate_at_least(number, 3)
        guard copy >= 0 else { throw SystemError(operation: "duplicate", subject: "descriptor \(number)") }
        return OwnedDescriptor(copy)
    }
}
