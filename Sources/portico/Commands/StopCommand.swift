// `portico stop`.

import Administration
import ArgumentParser
import Control
import Foundation

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End a front door in order: finish the requests in flight, stop the instances, exit.",
        discussion: "Returns when it has begun; with --wait, when everything has ended.")

    @Flag(help: "Wait until the front door and its instances have ended.")
    var wait = false

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    /// Longer than any drain that makes sense.
    private static let deadline = Duration.seconds(3600)

    func run() throws {
        let status = try server.client.status()
        try server.client.stop()
        if wait { try waitForEnd(of: status) }
        if output.json {
            return Terminal.print(try AdminJSON.pretty(["keeperPID": status.keeperPID, "serverPID": status.serverPID]))
        }
        Terminal.print("front door \(status.keeperPID) \(wait ? "has ended" : "is draining and will end")")
    }

    /// The keeper holds a lock as long as it lives, and it ends last.
    private func waitForEnd(of status: StatusReport) throws {
        let state = StateDirectory(status.stateDirectory)
        let clock = ContinuousClock()
        let end = clock.now + Self.deadline
        while state.isInUse {
            guard clock.now < end else {
                throw CommandError(
                    "the front door has not ended within an hour",
                    hint: "`portico status` shows what it waits for; its keeper is process \(status.keeperPID)")
            }
            usleep(50_000)
        }
    }
}
