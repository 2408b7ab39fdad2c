// An independent witness of a kill: the kernel says when the last thread of the process is gone.

import CCurl
import Glibc

/// Watches one process that need not be a child. Holds its descriptor, so its pid can't be taken for another's.
final class ProcessWitness {
    let pid: Int32
    private let descriptor: CInt
    private(set) var ended: Int64?

    /// `nil` when there is no such process.
    init?(pid: Int32) {
        self.pid = pid
        descriptor = driver_process(pid)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Waits at most that long; remembers when the end was seen.
    func look(milliseconds: CInt) {
        guard ended == nil else { return }
        var entry = pollfd(fd: descriptor, events: CShort(POLLIN), revents: 0)
        if poll(&entry, 1, milliseconds) == 1 { ended = DriverClock.now }
    }
}
