// Whether a front door lives in a state directory.

import Control
import Glibc

extension StateDirectory {
    /// Whether a keeper holds its lock (flock(2)), which it does from its start to its end.
    var isInUse: Bool {
        let descriptor = open(keeperLock, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
