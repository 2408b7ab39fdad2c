// One process at a time through the start-up of a shared file. Not for the time after: SQLite has its own locks.

import Foundation

/// An exclusive `flock` on a file of its own. The kernel frees it when its process dies.
struct StartLock: Sendable {
    private let descriptor: CInt

    /// How long to wait for the others; each holds the lock for milliseconds, a migration for a little longer.
    private static let deadline = Duration.seconds(30)

    /// Waits for the lock; throws when the file can't be made or the deadline passes.
    init(path: String) async throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StartError("can't open \(path): \(String(cString: strerror(errno)))") }
        let end = ContinuousClock.now + Self.deadline
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < end else {
                let reason = String(cString: strerror(errno))
                close(descriptor)
                throw StartError("can't lock \(path) within \(Self.deadline): \(reason)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func release() {
        close(descriptor)
    }
}

/// Why an application did not start, as a sentence for its log.
struct StartError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
