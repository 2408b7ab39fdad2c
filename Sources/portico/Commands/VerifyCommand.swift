// `portico verify SCENARIO…`.

import ArgumentParser
import Foundation
import Verification

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Put a front door under load as scenarios say, and prove that nothing was lost.",
        discussion: """
            Exits with 0 for pass, 1 for fail, 2 for inconclusive (too little data for the strength asked for), and 3 \
            for invalid or misused.

            Examples:
              portico verify scenarios/rolling-update.yaml
              portico verify scenarios/*.yaml --report reports --seed 7
            """)

    @Argument(help: ArgumentHelp("The scenario files.", valueName: "scenario"))
    var scenarios: [String]

    @Option(
        help: ArgumentHelp("Where reports are written, as text, JSON and JUnit XML.", valueName: "directory"))
    var report: String?

    @Option(help: ArgumentHelp("Repeat a run with the seed that its report names.", valueName: "number"))
    var seed: UInt64?

    func run() throws {
        let options = Verification.Options(
            reportDirectory: report, seed: seed, environment: ProcessInfo.processInfo.environment)
        throw ExitCode(Verification.run(scenarios, options: options))
    }
}
