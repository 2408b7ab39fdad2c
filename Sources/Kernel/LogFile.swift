// The output of an instance: a file that others append to, kept within bounds by giving its old head back to the file
// system. No line in flight is lost, since writers append and nothing is renamed or copied.

import CKernel
import Glibc
import Vocabulary

/// Opening and bounding of append-only logs.
package enum LogFile {
    /// Opens `path` for appending (0640), with its directory (0750) made if need be.
    package static func open(_ path: String) throws(SystemError) -> OwnedDescriptor {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try Files.makeDirectory(String(path[..<slash]), mode: 0o750)
        }
        let number = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o640)
        guard number >= 0 else { throw SystemError(operation: "open", subject: path) }
        return OwnedDescriptor(number)
    }

    /// Keeps at least the newest `most` bytes and frees the rest once there are a quarter more. Returns whether
    /// something was freed. A log that is not there (any more) needs nothing.
    ///
    /// The file's size goes on growing; what was freed reads as zeros (`lseek` with `SEEK_DATA` skips it). Where the
    /// file system can't free a part (`EOPNOTSUPP`), the whole log is emptied instead.
    package static func bound(_ path: String, to most: ByteCount) throws(SystemError) -> Bool {
        let number = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard number >= 0 else {
            if errno == ENOENT { return false }
            throw SystemError(operation: "open", subject: path)
        }
        let file = OwnedDescriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError(operation: "stat", subject: path) }
        let allocated = Int(status.st_blocks) * 512
        guard status.st_mode & S_IFMT == S_IFREG, allocated > most.bytes + most.bytes / 4 else { return false }
        // Whole blocks only: part of one would be overwritten with zeros, not freed.
        let head = (Int(status.st_size) - most.bytes) & ~4095
        guard head > 0 else { return false }
        if portico_punch_head(file.number, Int64(head)) == 0 { return true }
        guard errno == EOPNOTSUPP, ftruncate(file.number, 0) == 0 else {
            throw SystemError(operation: "shorten", subject: path)
        }
        return true
    }
}
