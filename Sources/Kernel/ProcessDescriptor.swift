// A process held by a descriptor (pidfd): it can be watched by poll and signalled, and never turns into another one.

import CKernel
import Glibc

/// How a child ended.
package enum ProcessEnding: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
}

/// A pidfd. Readable for poll once the process has ended.
package struct ProcessDescriptor: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Takes over a pidfd.
    package init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Opens the process that has `pid` now; `nil` when none has. Compare its `ProcessIdentity` *afterwards*.
    package init?(opening pid: Int32) throws(SystemError) {
        let number = portico_pidfd_open(pid)
        guard number >= 0 else {
            if errno == ESRCH { return nil }
            throw SystemError(operation: "pidfd_open", subject: "process \(pid)")
        }
        descriptor = OwnedDescriptor(number)
    }

    /// For `pollfd`.
    package var number: CInt { descriptor.number }

    /// Sends a signal. `false` when the process has ended (a zombie takes signals without effect).
    package borrowing func signal(_ signal: CInt) throws(SystemError) -> Bool {
        if portico_pidfd_signal(number, signal) == 0 { return true }
        if errno == ESRCH { return false }
        throw SystemError(operation: "send signal \(signal)", subject: "to a process")
    }

    /// Whether the process has ended, without waiting.
    package var hasEnded: Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    /// How a child of ours ended; `nil` while it runs. It stays a zombie, which keeps its pid and its process group
    /// from being reused, until `isReaped` is true.
    ///
    /// Throws `ECHILD` when it is not our child (any more).
    package borrowing func ending(isReaped: Bool) throws(SystemError) -> ProcessEnding? {
        var pid: pid_t = 0
        var code: CInt = 0
        var isSignal: CInt = 0
        guard portico_wait_pidfd(number, isReaped ? 1 : 0, &pid, &code, &isSignal) == 0 else {
            throw SystemError(operation: "wait", subject: "for a process")
        }
        guard pid != 0 else { return nil }
        return isSignal != 0 ? .signal(code) : .code(code)
    }
}
