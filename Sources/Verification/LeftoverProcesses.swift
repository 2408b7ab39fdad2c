// Processes that a front door has left behind, found by a mark in their environment: everything it starts inherits it.

import Glibc

/// Finds the processes of one run.
struct LeftoverProcesses {
    static let variable = "PORTICO_VERIFY_RUN"
    let nonce: String

    struct Process: Hashable {
        var pid: pid_t
        var command: String
    }

    /// Those that are there now, zombies left out.
    func list() -> [Process] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        let mark = Array("\(Self.variable)=\(nonce)".utf8)
        var found: [Process] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = pid_t(name), pid != getpid() else { continue }
            let variables = Self.contents("/proc/\(name)/environ").split(separator: 0)
            guard variables.contains(where: { $0.elementsEqual(mark) }) else { continue }
            let words = Self.contents("/proc/\(name)/cmdline").split(separator: 0)
            found.append(
                Process(pid: pid, command: words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")))
        }
        return found
    }

    /// Ends them all, and returns when they are gone. They bear this run's mark, so they are its own.
    func end() {
        let deadline = DriverClock.now + 5_000_000_000
        while case let processes = list(), !processes.isEmpty, DriverClock.now < deadline {
            for process in processes { kill(process.pid, SIGKILL) }
            DriverClock.sleep(nanoseconds: 1_000_000)
        }
    }

    private static func contents(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
