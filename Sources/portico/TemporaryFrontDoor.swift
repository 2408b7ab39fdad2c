// A front door without a settings file: the settings come from flags, the state goes to a fresh directory, so that
// several can run side by side.

import ArgumentParser
import Control
import Foundation
import Settings

/// What `run` and `proxy` have in common.
struct TemporaryFrontDoor: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where logs and the admin socket are kept. Default: a fresh temporary directory, removed at the end.",
            valueName: "directory"))
    var state: String?

    @Option(
        help: ArgumentHelp("The unix socket of the admin API. Default: in the state directory.", valueName: "socket"))
    var admin: String?

    @OptionGroup var engine: EngineOption

    /// Writes the settings into the state directory and serves them until an orderly stop.
    ///
    /// Throws the exit code, and an error when the directory can't be used.
    func serve(_ settings: Result<Settings, SettingsProblems>) throws {
        let settings = try settings.orReport(code: .validationFailure)
        let directory = try state.map { try Self.makeDirectory($0) } ?? Self.makeTemporaryDirectory()
        // Before its settings are overwritten; the keeper itself looks again.
        guard !directory.isInUse else {
            throw CommandError(
                "another front door has the state directory \(directory.path)",
                hint: "stop it with `portico stop --state \(directory.path)`, or choose another with --state")
        }
        let file = directory.settings
        try Data(settings.effectiveYAML(showOrigins: false).utf8).write(to: URL(fileURLWithPath: file))
        let choice = admin.map { "--admin \($0)" } ?? "--state \(directory.path)"
        Terminal.printError("portico: state in \(directory.path); see `portico status \(choice)`")

        let code = ServeComposition.runKeeper(
            file: file, state: directory.path, admin: admin, engine: engine.engine,
            directory: FileManager.default.currentDirectoryPath)
        // After a failure the logs in it say why.
        if state == nil, code == 0 { try? FileManager.default.removeItem(atPath: directory.path) }
        throw ExitCode(code)
    }

    private static func makeDirectory(_ path: String) throws -> StateDirectory {
        let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
        try FileManager.default.createDirectory(
            atPath: absolute, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return StateDirectory(absolute)
    }

    private static func makeTemporaryDirectory() throws -> StateDirectory {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var template = Array("\(StateDirectory(parent).path)/portico-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandError(
                "can't make a directory in \(parent): \(String(cString: strerror(errno)))",
                hint: "name one with --state, or set TMPDIR")
        }
        return StateDirectory(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
