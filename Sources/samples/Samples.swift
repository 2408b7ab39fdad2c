// The sample applications: real programs for Portico to carry. They know nothing of it but their environment.
// Not for anything that the front door itself needs.

import ArgumentParser

/// `samples APPLICATION`: one program for all of them, so that a scenario needs one build.
@main
struct Samples: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samples",
        abstract: "Sample applications to run behind Portico.",
        subcommands: [DocumentsCommand.self]
    )
}
