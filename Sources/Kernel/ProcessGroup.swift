// Signals to all processes of a group. A group's number is its leader's pid: somebody must hold on to that.

import Glibc

/// A process group.
package enum ProcessGroup {
    /// Sends `signal` to every process of the group led by `leader`. `false` when none is left.
    ///
    /// The caller vouches that `leader` still is the process it means: running, or a zombie that is not reaped.
    package static func signal(_ leader: Int32, _ signal: CInt) throws(SystemError) -> Bool {
        // 0 and 1 would mean our own group and every process there is.
        precondition(leader > 1, "not the leader of a group: \(leader)")
        if kill(-leader, signal) == 0 { return true }
        if errno == ESRCH { return false }
        throw SystemError(operation: "send signal \(signal)", subject: "to process group \(leader)")
    }
}
