// The machine's processors: which of them threads may run on, and how idle they are.

import CKernel
import Glibc

package enum Processors {
    /// Those that this process may run on, in ascending order; empty when the system does not say. As the main thread
    /// has them: other threads may be confined to fewer.
    package static var allowed: [Int32] {
        var processors = [Int32](repeating: 0, count: 1024)
        let count = portico_processors(getpid(), &processors, Int32(processors.count))
        return Array(processors.prefix(max(0, Int(count))))
    }

    /// How many the machine has.
    package static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Lets a thread of this process run on these alone; `false` when the system refuses.
    package static func confine(thread: Int32, to processors: [Int32]) -> Bool {
        portico_confine(thread, processors, Int32(processors.count)) == 0
    }

    /// What all processors of the machine together have spent since boot, in ticks of the system (10 ms).
    package struct Times: Hashable, Sendable {
        package var all: Int
        /// Of it with nothing to run. What the system calls waiting for input or output is that too: before Linux 6.15 so
        /// counts a thread that waits in io_uring.
        package var idle: Int

        package init(all: Int, idle: Int) {
            self.all = all
            self.idle = idle
        }

        /// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; what follows is in the
        /// first two already. `nil` when it is something else.
        init?(_ line: some StringProtocol) {
            let words = line.split(separator: " ")
            let ticks = words.dropFirst().prefix(8).compactMap { Int($0) }
            guard words.first == "cpu", ticks.count == 8 else { return nil }
            self.init(all: ticks.reduce(0, +), idle: ticks[3] + ticks[4])
        }
    }

    /// `nil` where it is not to be had, as in some sandboxes.
    package static var times: Times? {
        guard let bytes = try? Files.read("/proc/stat"), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        return Times(String(decoding: bytes[..<end], as: UTF8.self))
    }
}
