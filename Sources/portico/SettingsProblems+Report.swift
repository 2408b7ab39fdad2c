// Problems of settings are shown the way compilers show theirs, each with its own `error:`.

import ArgumentParser
import Settings

extension Result<Settings, SettingsProblems> {
    /// The settings; or all problems on standard error and `code` thrown.
    func orReport(code: ExitCode) throws -> Settings {
        switch self {
        case .success(let settings): return settings
        case .failure(let problems):
            Terminal.printError("\(problems)")
            throw code
        }
    }
}
