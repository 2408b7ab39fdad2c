// The server of a keeper that was killed goes on for a while: it finishes its requests. The next keeper has to know,
// since that server still holds the ports of the listeners.

import Foundation
import Kernel

/// `server.json` in the state directory: which process the last server was.
enum ServerRecord {
    static func write(_ identity: ProcessIdentity, in stateDirectory: String) throws {
        try Files.replace(path(stateDirectory), with: Array(try JSONEncoder().encode(identity)))
    }

    static func remove(in stateDirectory: String) throws(SystemError) {
        try Files.remove(path(stateDirectory))
    }

    /// The server of an earlier keeper, if it still runs. A record that can't be read counts as none.
    static func formerServer(in stateDirectory: String) -> ChildProcess? {
        guard let content = try? Files.read(path(stateDirectory), bytesMax: 4096),
            let identity = try? JSONDecoder().decode(ProcessIdentity.self, from: Data(content)),
            let former = try? ChildProcess(adopting: identity)
        else { return nil }
        return former
    }

    private static func path(_ stateDirectory: String) -> String {
        "\(stateDirectory)/server.json"
    }
}
