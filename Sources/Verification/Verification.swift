// The face of the driver: `portico verify SCENARIO…`. Reads scenarios, runs them one after the other, prints a report
// for each and answers with the exit code. Not for deciding anything about a run: that is `Judge`.

import Foundation
import Vocabulary

/// The driver: proves what a front door does under load, or says what it could not prove.
package enum Verification {
    /// How to run, apart from the scenarios themselves.
    package struct Options: Sendable {
        /// The program that starts a front door as `PROGRAM… serve CONFIG --state DIR`; more than one word is allowed,
        /// so that tests can put an interpreter in front.
        package var frontDoorCommand: [String]
        /// Where the reports go as text, JSON and JUnit; `nil` prints the text only.
        package var reportDirectory: String?
        /// Overrides the seed of every scenario.
        package var seed: UInt64?
        /// The environment scenarios may refer to and front doors inherit.
        package var environment: [String: String]
        /// Keeps the state directory of the front door also after a pass.
        package var keepsState: Bool
        /// The admin API behind a socket.
        package var administration: @Sendable (_ socket: String) -> any FrontDoorAdministration

        package init(
            frontDoorCommand: [String] = ["/proc/self/exe"], reportDirectory: String? = nil, seed: UInt64? = nil,
            environment: [String: String] = [:], keepsState: Bool = false,
            administration: @escaping @Sendable (_ socket: String) -> any FrontDoorAdministration = adminClient
        ) {
            self.frontDoorCommand = frontDoorCommand
            self.reportDirectory = reportDirectory
            self.seed = seed
            self.environment = environment
            self.keepsState = keepsState
            self.administration = administration
        }
    }

    /// Runs the scenarios in `paths` in order and returns the exit code: 0 pass, 1 fail, 2 inconclusive, 3 invalid.
    ///
    /// Every file is read before the first one runs, so that a typing error does not cost an hour. Blocks; reports go to
    /// standard output, progress and problems to standard error. An interrupt (SIGINT, SIGTERM) ends the run in order.
    package static func run(_ paths: [String], options: Options) -> Int32 {
        var scenarios: [Scenario] = []
        var problems = false
        for path in paths {
            do {
                scenarios.append(try read(path, environment: options.environment))
            } catch {
                problems = true
                printError(error.description)
            }
        }
        guard !problems, !scenarios.isEmpty else {
            if scenarios.isEmpty, !problems { printError("verify: name at least one scenario file") }
            return Verdict.invalid.exitCode
        }
        Interruption.install()
        var verdicts: [Verdict] = []
        for scenario in scenarios where !Interruption.isRequested {
            let report = Conductor(scenario, options: options).run()
            print(ReportText.render(report))
            // The text is the product of minutes; it must not sit in a buffer when something later goes wrong.
            fflush(nil)
            verdicts.append(report.verdict)
            if let directory = options.reportDirectory ?? scenario.reportDirectory, !write(report, to: directory) {
                verdicts.append(.invalid)
            }
        }
        if scenarios.count > 1 { printSummary(Array(zip(scenarios.map(\.name), verdicts))) }
        return Verdict.combined(verdicts).exitCode
    }

    private static func read(_ path: String, environment: [String: String]) throws(ScenarioProblems) -> Scenario {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let problem = ScenarioProblem(
                file: path, line: 0, column: 0, message: "can't be read: is it there, and is it UTF-8 text?", source: ""
            )
            throw ScenarioProblems(problems: [problem])
        }
        return try ScenarioReader.read(text, path: path, environment: environment)
    }

    private static func write(_ report: RunReport, to directory: String) -> Bool {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let base = URL(fileURLWithPath: directory).appendingPathComponent(report.scenario)
            try Data((ReportText.render(report) + "\n").utf8).write(to: base.appendingPathExtension("txt"))
            try ReportJSON.render(report).write(to: base.appendingPathExtension("json"))
            try Data(ReportJUnit.render(report).utf8).write(to: base.appendingPathExtension("junit.xml"))
            return true
        } catch {
            printError("verify: the report can't be written to \(directory): \(error.localizedDescription)")
            return false
        }
    }

    private static func printSummary(_ runs: [(name: String, verdict: Verdict)]) {
        let width = runs.map(\.name.count).max() ?? 0
        for run in runs {
            print(
                "\(run.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(run.verdict.rawValue.uppercased())"
            )
        }
    }

    static func printError(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
