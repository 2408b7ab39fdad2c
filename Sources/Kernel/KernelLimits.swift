// Every bound of this module, in one place.

import Vocabulary

/// The bounds of `Kernel`.
package enum KernelLimits {
    /// From clone to exec of a child.
    package static let execWait: Duration = .seconds(5)
    /// Connections that wait to be accepted, per socket. The kernel cuts it to `net.core.somaxconn`.
    package static let backlog: CInt = 4096
    /// Sockets that share one endpoint: one per worker.
    package static let socketsPerListener = 1...64
}
