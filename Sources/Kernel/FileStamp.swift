// Whether a file is still the one that was read. For files that are looked at every few seconds.

import CKernel
import Glibc

/// What changes when a file is written or replaced.
package struct FileStamp: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var size: Int64
    /// Of the last change of its content, since 1970.
    package var modifiedNanoseconds: Int64

    /// Of what `path` leads to now, links followed; `nil` when there is nothing, or nothing we may see.
    package init?(_ path: String) {
        var form = stat()
        guard stat(path, &form) == 0 else { return nil }
        device = UInt64(form.st_dev)
        inode = UInt64(form.st_ino)
        size = Int64(form.st_size)
        modifiedNanoseconds = Int64(form.st_mtim.tv_sec) * 1_000_000_000 + Int64(form.st_mtim.tv_nsec)
    }
}
