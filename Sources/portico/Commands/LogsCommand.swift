// `portico logs SERVICE`.

import Administration
import ArgumentParser
import Control
import Foundation

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what the instances of a service print.",
        discussion: """
            Each line has the name of its instance in front. With --ended, instances that are gone are shown too: that \
            is where a crash says why. With --follow, new lines are shown as they come, and new instances too. \
            --json prints one JSON object per line.

            Examples:
              portico logs shop
              portico logs shop -f -n 100
              portico logs shop --ended
            """)

    @Argument(help: ArgumentHelp("The service.", valueName: "service"))
    var service: String

    @Flag(name: .shortAndLong, help: "Go on with new lines until interrupted.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("The last lines of each instance.", valueName: "count"))
    var lines = 20

    @Flag(help: "Also instances that have ended.")
    var ended = false

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    /// How long to follow while no front door answers: a server that crashed is back within that time.
    private static let absenceMax = Duration.seconds(30)

    func validate() throws {
        guard lines >= 0 else { throw ValidationError("-n \(lines): choose a number that is not negative") }
    }

    func run() throws {
        var follower = LogFollower(lastLines: lines)
        var format = LogFormat(json: output.json)
        let status = try server.client.status()
        _ = follower.attend(try files(in: status))
        // A long history comes in several readings.
        while case let lines = follower.newLines(), !lines.isEmpty { format.write(lines) }
        for instance in follower.unread {
            Terminal.printError("portico: the log of \(instance) can't be read (yet)")
        }
        if follow { try self.follow(&follower, &format) }
    }

    /// Reads the files ten times a second and asks who is there once a second.
    private func follow(_ follower: inout LogFollower, _ format: inout LogFormat) throws {
        let clock = ContinuousClock()
        var lastAnswer = clock.now
        for turn in 1... {
            usleep(100_000)
            if turn % 10 == 0 {
                do {
                    format.write(follower.attend(try files(in: try server.client.status())))
                    lastAnswer = clock.now
                } catch let error as AdministrationError where error.code == .unavailable {
                    format.write(follower.newLines())
                    guard clock.now - lastAnswer < Self.absenceMax else { throw error }
                }
            }
            format.write(follower.newLines())
        }
    }

    /// The log file of every instance of the service.
    private func files(in status: StatusReport) throws -> [String: String] {
        guard let report = status.services.first(where: { $0.name == service }) else {
            throw UnknownService.error(service, among: status.services.map(\.name))
        }
        guard report.instancesMin != nil else {
            throw CommandError(
                "\(service) has fixed backends: their output is not ours to show",
                hint: "`portico status` shows their addresses")
        }
        var files: [String: String] = [:]
        if ended {
            let directory = StateDirectory(status.stateDirectory).instanceLogs(service: service)
            for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            where name.hasSuffix(".log") {
                files[String(name.dropLast(4))] = "\(directory)/\(name)"
            }
        }
        for backend in report.backends { files[backend.name] = backend.logFile }
        return files
    }
}
