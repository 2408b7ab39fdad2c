// One process per directory: a lock that the kernel gives back when its holder ends, however it ends.

import Glibc

/// A file locked by this process (`flock`), which holds this process's pid as text.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Who has the lock instead of us.
    package struct Held: Error, Hashable, Sendable {
        /// From the file; `nil` when it says nothing sensible.
        package var pid: Int32?
    }

    /// Why a lock was not got.
    package enum Failure: Error, Sendable {
        case held(Held)
        case system(SystemError)
    }

    /// Takes the lock without waiting. The file (0600) is made if need be and stays behind.
    package init(_ path: String) throws(Failure) {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(SystemError(operation: "open", subject: path)) }
        let descriptor = OwnedDescriptor(number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .system(SystemError(operation: "lock", subject: path)) }
            let text = (try? Files.read(path, bytesMax: 64)) ?? []
            throw .held(Held(pid: Int32(String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self))))
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(number, 0) == 0, pwrite(number, text, text.count, 0) == text.count else {
            throw .system(SystemError(operation: "write", subject: path))
        }
        self.descriptor = descriptor
    }
}
