// `portico serve FILE`.

import ArgumentParser
import Proxy

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Start a front door from a settings file and keep it running.",
        discussion: """
            Runs in the foreground. SIGTERM, SIGINT (Ctrl-C) and `portico stop` end it in order: requests in flight are \
            finished, then the instances are stopped. SIGHUP and `portico reload` read the file again.

            Examples:
              portico check portico.yaml && portico serve portico.yaml
              portico serve portico.yaml --state /var/lib/portico
            """)

    @Argument(help: ArgumentHelp("The settings file.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "Where logs, rollouts and the admin socket are kept. Default: `state:` of the file, else the default.",
            valueName: "directory"))
    var state: String?

    @Option(
        help: ArgumentHelp("The unix socket of the admin API. Default: in the state directory.", valueName: "socket"))
    var admin: String?

    @OptionGroup var engine: EngineOption

    func run() throws {
        throw ExitCode(
            ServeComposition.runKeeper(file: file, state: state, admin: admin, engine: engine.engine))
    }
}
