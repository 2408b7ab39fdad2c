// `portico run … -- CMD`.

import ArgumentParser
import Settings

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start a front door before an application of yours, without a settings file.",
        discussion: """
            The words after `--` start one instance. Each instance finds the port it must listen on (at 127.0.0.1) in \
            the environment variable PORT; $PORT in a word is replaced by it, so quote it from your shell. No shell \
            runs in between.

            Examples:
              portico run --listen 8080 -- node server.js
              portico run --instances 2..8 --health /health -- \
                gunicorn -b '127.0.0.1:$PORT' app:app
            """)

    @Option(help: ArgumentHelp("Where clients connect: PORT, HOST:PORT or [IPV6]:PORT.", valueName: "address"))
    var listen = "8080"

    @Option(help: ArgumentHelp("How many instances: N, or MIN..MAX to scale with the load.", valueName: "range"))
    var instances: InstanceRange = .one

    @Option(
        help: ArgumentHelp(
            "A path that answers 2xx when an instance is healthy. Without it an instance that accepts connections is.",
            valueName: "path"))
    var health: String?

    @OptionGroup var state: TemporaryFrontDoor

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command, after `--`.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("put the command after `--`, like: portico run --listen 8080 -- node server.js")
        }
        if let health, !health.hasPrefix("/") {
            throw ValidationError("--health \(health): a path starts with /, like --health /health")
        }
    }

    func run() throws {
        let settings = Settings.forRun(
            listen: listen, instances: instances.description, argv: command, health: health)
        try state.serve(settings)
    }
}
