// The command: its name, its subcommands, and how a misuse ends. What each subcommand does is in `Commands`.
//
// `main` is synchronous on purpose: the keeper (`serve`, `run`, `proxy`) must never have started another thread, so
// Swift concurrency begins only inside the subcommand that wants it.

import ArgumentParser
import Verification
import Vocabulary

@main
struct Portico: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portico",
        abstract: "A front door for applications: balances traffic, runs instances, rolls out releases, proves it.",
        discussion: """
            First steps:
              portico run --listen 8080 --instances 2..4 -- node server.js
              portico proxy --listen 8080 --to 10.0.0.7:80 --to 10.0.0.8:80
              portico check portico.yaml && portico serve portico.yaml
              portico status
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Starting", subcommands: [ServeCommand.self, RunCommand.self, ProxyCommand.self]),
            CommandGroup(name: "Settings", subcommands: [CheckCommand.self, ConfigCommand.self, RouteCommand.self]),
            CommandGroup(
                name: "Watching",
                subcommands: [StatusCommand.self, LogsCommand.self, EventsCommand.self]),
            CommandGroup(
                name: "Steering",
                subcommands: [ScaleCommand.self, RolloutCommand.self, ReloadCommand.self, StopCommand.self]),
            CommandGroup(name: "Proving", subcommands: [VerifyCommand.self]),
            CommandGroup(name: "Internal", subcommands: [ServerCommand.self]),
        ])

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            try requireKnownSubcommand(arguments)
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            guard let code = misuseCode(of: error, arguments: arguments) else { exit(withError: error) }
            Terminal.printError(fullMessage(for: error))
            exit(withError: code)
        }
    }

    /// The exit code of a misused `verify`, which scripts tell from a failed one; `nil` leaves the choice to
    /// ArgumentParser (64, `EX_USAGE`, for a misuse of any other subcommand).
    static func misuseCode(of error: any Error, arguments: [String]) -> ExitCode? {
        let isMisuse = exitCode(for: error) == .validationFailure
        return isMisuse && arguments.first == "verify" ? ExitCode(Verdict.invalid.exitCode) : nil
    }

    /// Refuses a misspelt subcommand with the nearest one.
    static func requireKnownSubcommand(_ arguments: [String]) throws {
        guard let first = arguments.first, !first.hasPrefix("-") else { return }
        let known = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !known.contains(first), first != "help" else { return }
        let nearest = NearestName.of(first, among: known).map { ": did you mean `\($0)`?" } ?? ""
        throw ValidationError("there is no subcommand `\(first)`\(nearest)")
    }
}
