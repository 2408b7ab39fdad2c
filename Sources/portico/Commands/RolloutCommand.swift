// `portico rollout …`: start, watch and steer the replacement of one release by another.

import Administration
import ArgumentParser
import Control
import Vocabulary

struct RolloutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Replace a release by another, instance by instance, under traffic.",
        discussion: """
            A new instance must pass its health check and serve before an old one goes. If the new release does not get \
            healthy or fails under traffic, the rollout undoes itself.

            Examples:
              portico rollout start shop --release v2 --wait
              portico rollout status shop
              portico rollout undo shop
            """,
        subcommands: [Start.self, Status.self, Pause.self, Resume.self, Undo.self, History.self])

    /// What every subcommand needs to know.
    struct Subject: ParsableArguments {
        @Argument(help: ArgumentHelp("The service.", valueName: "service"))
        var service: String

        @OptionGroup var server: ServerChoice
        @OptionGroup var output: OutputChoice

        var name: ServiceName { ServiceName(service) }

        func show(_ rollout: RolloutReport) throws {
            Terminal.print(
                output.json ? try AdminJSON.pretty(rollout) : "\(service): \(RolloutText.line(rollout))")
        }

        /// Shows progress until the rollout is over; throws unless it is completed.
        func wait(for rollout: RolloutReport) throws {
            let isInteractive = Terminal.isInteractive
            let last = try RolloutWait(client: server.client, service: name).wait(for: rollout) { line in
                if isInteractive { Terminal.replaceLastLine(line) } else { Terminal.printError(line) }
            }
            if isInteractive { Terminal.replaceLastLine("") }
            try show(last)
            guard last.state == .completed else { throw ExitCode.failure }
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start a rollout to a release.")

        @OptionGroup var subject: Subject

        @Option(help: ArgumentHelp("The release to go to.", valueName: "release"))
        var release: String

        @Option(help: ArgumentHelp("How: only `rolling` so far.", valueName: "strategy"))
        var strategy = "rolling"

        @Flag(help: "Wait until it is over; exit with 0 only if it is completed.")
        var wait = false

        func validate() throws {
            guard strategy == "rolling" else {
                throw ValidationError("--strategy \(strategy): only `rolling` is there so far")
            }
        }

        func run() throws {
            let order = RolloutOrder(release: release, strategy: strategy)
            let started = try subject.server.client.startRollout(order, service: subject.name)
            if wait { try subject.wait(for: started) } else { try subject.show(started) }
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the rollout in progress, or the last one.")

        @OptionGroup var subject: Subject

        @Flag(help: "Wait until it is over; exit with 0 only if it is completed.")
        var wait = false

        func run() throws {
            guard let rollout = try subject.server.client.rollout(service: subject.name) else {
                if subject.output.json, !wait { return Terminal.print("null") }
                throw CommandError(
                    "\(subject.service) has not had a rollout yet",
                    hint: "start one with `portico rollout start \(subject.service) --release RELEASE`")
            }
            if wait { try subject.wait(for: rollout) } else { try subject.show(rollout) }
        }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold a rollout where it is; both releases go on serving.")

        @OptionGroup var subject: Subject

        func run() throws { try subject.show(subject.server.client.pauseRollout(service: subject.name)) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go on with a paused rollout.")

        @OptionGroup var subject: Subject

        func run() throws { try subject.show(subject.server.client.resumeRollout(service: subject.name)) }
    }

    struct Undo: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go back to the release before: of the rollout in progress, or of the last one.")

        @OptionGroup var subject: Subject

        func run() throws { try subject.show(subject.server.client.undoRollout(service: subject.name)) }
    }

    struct History: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all rollouts of a service, newest last.")

        @OptionGroup var subject: Subject

        func run() throws {
            let rollouts = try subject.server.client.rolloutHistory(service: subject.name)
            if subject.output.json { return Terminal.print(try AdminJSON.pretty(rollouts)) }
            for line in RolloutText.history(rollouts) { Terminal.print(line) }
        }
    }
}
