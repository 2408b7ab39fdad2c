// `portico reload`.

import Administration
import ArgumentParser
import Control

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Read the settings file again and apply what differs, without dropping a connection.",
        discussion: "If the file has a problem, it is printed and nothing changes.")

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    func run() throws {
        let report = try server.client.reload()
        if output.json { return Terminal.print(try AdminJSON.pretty(report)) }
        for change in report.changes { Terminal.print(change) }
        let changes = report.changes.isEmpty ? "nothing differs" : StatusText.counted(report.changes.count, "change")
        Terminal.print("reloaded: \(changes), revision \(report.revision)")
    }
}
