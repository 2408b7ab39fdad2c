// `portico status`.

import ArgumentParser
import Control

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what listens, what serves and what is going on.",
        discussion: """
            Examples:
              portico status
              portico status --json | jq '.services[].backends[].phase'
            """)

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    func run() throws {
        let status = try server.client.status()
        if output.json { return Terminal.print(try AdminJSON.pretty(status)) }
        for line in StatusText.lines(status) { Terminal.print(line) }
    }
}
