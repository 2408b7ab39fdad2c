// `portico check FILE…`.

import ArgumentParser
import Control
import Foundation
import Settings
import Supervisor
import TLS

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say everything that is wrong with settings files, without starting anything.",
        discussion: """
            Exits with 0 if all files are fit to be served, and with 1 otherwise.

            Example:
              portico check portico.yaml
            """)

    @Argument(help: ArgumentHelp("The settings files.", valueName: "file"))
    var files: [String]

    @OptionGroup var output: OutputChoice

    func run() throws {
        let results = files.map { CheckResult(file: $0, SettingsLoading.load($0)) }
        if output.json {
            Terminal.print(try AdminJSON.pretty(results))
        } else {
            for result in results {
                if let summary = result.summary { Terminal.print("\(result.file): ok, \(summary)") }
                for warning in result.warnings { Terminal.printError("\(result.file): warning: \(warning)") }
                if let text = result.text { Terminal.printError(text) }
            }
        }
        if results.contains(where: { !$0.ok }) { throw ExitCode.failure }
    }
}

/// What `check` found in one file; the JSON of `check --json`.
struct CheckResult: Encodable {
    struct Problem: Encodable {
        var line: Int?
        var column: Int?
        var message: String
        var hint: String?
    }

    var file: String
    var ok: Bool
    /// What the settings are about, if they are fit.
    var summary: String?
    var problems: [Problem]
    /// What is no reason to refuse them.
    var warnings: [String]
    /// The problems as people read them.
    private(set) var text: String?

    private enum CodingKeys: CodingKey {
        case file, ok, summary, problems, warnings
    }

    init(file: String, _ result: Result<Settings, SettingsProblems>) {
        self.file = file
        switch result {
        case .success(let settings):
            let files = Wardrobe.check(settings, now: Int64(Date().timeIntervalSince1970))
            problems = files.problems.map { Problem(message: "\($0.subject): \($0.cause)", hint: $0.hint) }
            warnings = files.warnings
            guard problems.isEmpty else {
                ok = false
                text = files.problems.map { "\(file): \($0)" }.joined(separator: "\n")
                return
            }
            ok = true
            summary = Self.summary(of: settings)
        case .failure(let found):
            ok = false
            warnings = []
            problems = found.problems.map {
                Problem(line: $0.line, column: $0.column, message: $0.message, hint: $0.hint)
            }
            text = found.description
        }
    }

    private static func summary(of settings: Settings) -> String {
        let parts = [
            (settings.listeners.count, "listener"), (settings.services.count, "service"),
            (settings.shares.count, "share"),
        ]
        return parts.filter { $0.0 > 0 }.map { StatusText.counted($0.0, $0.1) }.joined(separator: ", ")
    }
}
