// The server of a keeper that was killed goes on for a while: it finishes its requests. The next keeper has to know,
// since that server still holds the ports of the listeners.

import Foundation
import Glibc
import Kernel

/// `server.json` in the state directory: which process the last server was.
enum ServerRecord {
    private struct Content: Codable {
        var server: ProcessIdentity
        var keeper: ProcessIdentity?
    }

    /// - Parameter keeper: the one that has started it: as long as that one lives, its server is nobody else's.
    static func write(_ server: ProcessIdentity, keeper: ProcessIdentity?, in stateDirectory: String) throws {
        let content = Content(server: server, keeper: keeper)
        // It may have been removed meanwhile: then this record is what keeps a second keeper away.
        try Files.makeDirectory(stateDirectory, mode: 0o700)
        try Files.replace(path(stateDirectory), with: Array(try JSONEncoder().encode(content)))
    }

    private static func read(in stateDirectory: String) -> Content? {
        guard let bytes = try? Files.read(path(stateDirectory), bytesMax: 4096) else { return nil }
        return try? JSONDecoder().decode(Content.self, from: Data(bytes))
    }

    /// Refuses a state directory whose last server still has its keeper. The lock on the directory says so too, unless
    /// the directory was removed under that keeper and made again.
    static func requireNoLivingKeeper(in stateDirectory: String) throws(KeeperError) {
        guard let keeper = read(in: stateDirectory)?.keeper, keeper.pid != getpid(),
            let now = try? ProcessIdentity.current(of: keeper.pid), now == keeper
        else { return }
        throw KeeperError(
            code: .conflict,
            reason: "another keeper (pid \(keeper.pid)) serves from the state directory \(stateDirectory), although it"
                + " no longer has its lock: the directory was removed or replaced while it ran",
            hint: "stop that one first (kill \(keeper.pid)), or give this one a directory of its own with --state")
    }

    static func remove(in stateDirectory: String) throws(SystemError) {
        try Files.remove(path(stateDirectory))
    }

    /// The server of an earlier keeper, if it still runs. A record that can't be read counts as none.
    static func formerServer(in stateDirectory: String) -> ChildProcess? {
        guard let content = read(in: stateDirectory), let former = try? ChildProcess(adopting: content.server) else {
            return nil
        }
        return former
    }

    private static func path(_ stateDirectory: String) -> String {
        "\(stateDirectory)/server.json"
    }
}
