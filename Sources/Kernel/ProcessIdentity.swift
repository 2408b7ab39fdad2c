// Which process exactly: a pid alone may be another process by tomorrow.

import Glibc

/// A process, named for good: no other process of any boot has the same three.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    /// `/proc/sys/kernel/random/boot_id`.
    package var bootID: String
    package var pid: Int32
    /// Clock ticks from boot to the process's start (field 22 of `/proc/PID/stat`).
    package var startTime: UInt64

    package init(bootID: String, pid: Int32, startTime: UInt64) {
        self.bootID = bootID
        self.pid = pid
        self.startTime = startTime
    }

    /// Who has `pid` now; `nil` when nobody has. A zombie still counts.
    ///
    /// Trust it only while something keeps the pid from being reused: a pidfd opened before, or an unreaped child.
    package static func current(of pid: Int32) throws(SystemError) -> ProcessIdentity? {
        let boot = try Files.read("/proc/sys/kernel/random/boot_id", bytesMax: 128)
        let stat: [UInt8]
        do {
            stat = try Files.read("/proc/\(pid)/stat", bytesMax: 4096)
        } catch  where error.errno == ENOENT || error.errno == ESRCH {
            return nil
        }
        guard let startTime = startTime(inStat: stat) else {
            throw SystemError(errno: EINVAL, operation: "read", subject: "/proc/\(pid)/stat")
        }
        let id = String(decoding: boot.prefix { $0 > 0x20 }, as: UTF8.self)
        return ProcessIdentity(bootID: id, pid: pid, startTime: startTime)
    }

    /// Field 22 of the one line of `/proc/PID/stat`. Field 2, the program's name, may hold spaces and parentheses; the
    /// last `)` of the line ends it, because only numbers follow. Pure.
    package static func startTime(inStat line: [UInt8]) -> UInt64? {
        guard let close = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(close + 1)...].split(separator: UInt8(ascii: " "))
        // The first of these is field 3.
        guard fields.count > 19 else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }
}
