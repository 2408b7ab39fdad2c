// A system call that failed, worded for the operator. Not for outcomes that are expected (would block, peer closed):
// those are values where they happen.

import Glibc

/// A system call that failed: which, on what, why, and what to do next.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number from `errno.h`; 0 when the failure has none, such as a name that does not resolve.
    package var errno: CInt
    /// The call or step: `bind`, `open`, `exec`.
    package var operation: String
    /// What it was done to: an address, a path, an instance.
    package var subject: String
    /// Why, in words: the system's text for `errno` unless the caller knows better.
    package var reason: String
    /// The operator's next step.
    package var hint: String?

    /// Describes a failed call. Reads the thread's `errno` by default: nothing may come between the call and this.
    package init(
        errno: CInt = Glibc.errno, operation: String, subject: String, reason: String? = nil, hint: String? = nil
    ) {
        self.errno = errno
        self.operation = operation
        self.subject = subject
        self.reason = reason ?? Self.text(of: errno)
        self.hint = hint
    }

    package var description: String {
        let sentence = "\(operation) \(subject): \(reason)"
        return hint.map { "\(sentence)\n  hint: \($0)" } ?? sentence
    }

    /// The system's text for an error number, in lower case at its start: "permission denied".
    package static func text(of errno: CInt) -> String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
            _ = strerror_r(errno, room.baseAddress!, room.count)
            return String(cString: room.baseAddress!)
        }
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
