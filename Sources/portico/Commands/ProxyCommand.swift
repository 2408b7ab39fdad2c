// `portico proxy --to HOST:PORT …`.

import ArgumentParser
import Settings

struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Start a front door before addresses that are there already, without a settings file.",
        discussion: """
            HTTP requests are spread over the addresses in turn; one that accepts no connections is left out until it \
            does again.

            Example:
              portico proxy --listen 8080 --to 10.0.0.7:80 --to 10.0.0.8:80
            """)

    @Option(help: ArgumentHelp("Where clients connect: PORT, HOST:PORT or [IPV6]:PORT.", valueName: "address"))
    var listen = "8080"

    @Option(help: ArgumentHelp("Where requests go; give it once per address.", valueName: "host:port"))
    var to: [String]

    @OptionGroup var state: TemporaryFrontDoor

    func run() throws {
        try state.serve(Settings.forProxy(listen: listen, to: to))
    }
}
