// Which front door a command speaks to: `--admin`, else `--state`, else the default state directory.

import ArgumentParser
import Control
import FoundationEssentials
import Glibc

/// The options by which every command finds its front door.
struct ServerChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The admin socket of the front door.", valueName: "socket"))
    var admin: String?

    @Option(
        help: ArgumentHelp(
            "Its state directory; the admin socket is in it. Default: \(StateDirectory.standard.path).",
            valueName: "directory"))
    var state: String?

    /// Where the front door is looked for. `unix:` in front, as settings files write it, is allowed.
    var socket: String {
        if let admin { return admin.hasPrefix("unix:") ? String(admin.dropFirst(5)) : admin }
        return (state.map { StateDirectory($0) } ?? .standard).adminSocket
    }

    var client: AdminClient { AdminClient(socket: socket) }
}

extension StateDirectory {
    /// The default of this user in this environment.
    static var standard: StateDirectory {
        standard(isRoot: geteuid() == 0, environment: ProcessInfo.processInfo.environment)
    }
}

/// The option of every command that prints.
struct OutputChoice: ParsableArguments {
    @Flag(help: "Print JSON, for programs.")
    var json = false
}
