// `portico events`.

import Administration
import ArgumentParser
import Control

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what was decided or happened lately, and why.",
        discussion: "All of them are in events.log in the state directory. --json prints one JSON object per line.")

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many, newest last.", valueName: "count"))
    var lines = 50

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    func validate() throws {
        guard (0...AdminServer.Limits.eventsMax).contains(lines) else {
            throw ValidationError("-n \(lines): choose a number from 0 to \(AdminServer.Limits.eventsMax)")
        }
    }

    func run() throws {
        let events = try server.client.events(count: lines)
        for event in events {
            Terminal.print(
                output.json ? String(decoding: try AdminJSON.encode(event), as: UTF8.self) : Self.line(event))
        }
    }

    /// `2026-11-21T06:11:40.123456Z  instance_ready  documents-3 v1  first probe passed`.
    static func line(_ event: EventReport) -> String {
        let subject = [event.instance ?? event.service, event.release].compactMap { $0 }.joined(separator: " ")
        return [event.time, event.kind, subject, event.message].filter { !$0.isEmpty }.joined(separator: "  ")
    }
}
