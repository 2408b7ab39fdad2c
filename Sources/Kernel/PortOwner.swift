// Who listens on a port: for error messages only. Reads /proc, so that it sees all only when root.

import Glibc

/// A process that listens on a TCP port.
package struct PortOwner: Hashable, Sendable, CustomStringConvertible {
    package var pid: Int32
    /// Its program's name, as `ps` shows it.
    package var name: String

    package var description: String { "process \(pid) (\(name))" }

    /// The first process found to listen on `port` of any address; `nil` when none is found or may be seen.
    package static func find(port: UInt16) -> PortOwner? {
        let sockets = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningInodes(table: $0, port: port) })
        guard !sockets.isEmpty else { return nil }
        let pids = ((try? Files.names(in: "/proc")) ?? []).compactMap { Int32($0) }
        for pid in pids.sorted() {
            let directory = "/proc/\(pid)/fd"
            for number in (try? Files.names(in: directory)) ?? [] {
                guard let target = link("\(directory)/\(number)"), sockets.contains(target) else { continue }
                let name = (try? Files.read("/proc/\(pid)/comm", bytesMax: 64)) ?? []
                return PortOwner(pid: pid, name: String(decoding: name.prefix { $0 != 0x0a }, as: UTF8.self))
            }
        }
        return nil
    }

    /// `socket:[12345]` of every listening socket on `port`.
    private static func listeningInodes(table: String, port: UInt16) -> [String] {
        guard let bytes = try? Files.read(table, bytesMax: 16 << 20) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            // 1: local address in hex, 3: state (0A = listening), 9: inode.
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { return nil }
            return "socket:[\(fields[9])]"
        }
    }

    private static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { room in
            let length = readlink(path, room.baseAddress!.assumingMemoryBound(to: CChar.self), room.count)
            return length > 0 ? String(decoding: room[..<length], as: UTF8.self) : nil
        }
    }
}
