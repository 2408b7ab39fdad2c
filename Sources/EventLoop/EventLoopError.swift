// Why an event loop could not be had. What goes wrong with single connections is told as events.

import Glibc

/// The system refused something that an event loop can't do without.
package struct EventLoopError: Error, Hashable, CustomStringConvertible {
    package var errno: CInt
    /// The call: `epoll_create1`.
    package var operation: String
    /// The operator's next step.
    package var hint: String

    package init(errno: CInt, operation: String, hint: String) {
        self.errno = errno
        self.operation = operation
        self.hint = hint
    }

    package var description: String {
        "\(operation): \(String(cString: strerror(errno))); \(hint)"
    }
}
