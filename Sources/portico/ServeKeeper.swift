// `portico serve`, first half: checks the settings, then becomes the keeper, which starts the server.

import Control
import Foundation
import Keeper
import Proxy
import Settings
import Vocabulary

/// Puts the two processes of the front door together.
enum ServeComposition {
    /// Where the two processes find what they share.
    struct Place {
        /// The settings file, absolute.
        var file: String
        /// Absolute; where relative paths of the settings start.
        var directory: String
        var state: StateDirectory
        /// Absolute.
        var adminSocket: String

        /// What the command line names comes first, then what the settings name, then the defaults.
        init(file: String, directory: String?, settings: Settings, state: String?, admin: String?) {
            self.file = URL(fileURLWithPath: file).standardizedFileURL.path
            let directory = directory ?? SettingsLoading.directory(of: file)
            self.directory = directory
            let standard = StateDirectory.standard(
                isRoot: geteuid() == 0, environment: ProcessInfo.processInfo.environment)
            let chosen =
                state.map { Self.absolute($0, from: FileManager.default.currentDirectoryPath) }
                ?? settings.state.map { Self.absolute($0, from: directory) } ?? standard.path
            self.state = StateDirectory(chosen)
            if let admin {
                adminSocket = Self.absolute(admin, from: FileManager.default.currentDirectoryPath)
            } else if case .unix(let path)? = settings.admin {
                adminSocket = Self.absolute(path, from: directory)
            } else {
                adminSocket = self.state.adminSocket
            }
        }

        private static func absolute(_ path: String, from directory: String) -> String {
            path.hasPrefix("/") ? path : "\(directory)/\(path)"
        }
    }

    /// Checks the file, then keeps until an orderly stop. Returns the exit code of the process.
    ///
    /// - Parameter directory: where relative paths of the settings start; the file's own directory unless given.
    ///
    /// To be called on the main thread before any other thread was started.
    static func runKeeper(
        file: String, state: String?, admin: String?, engine: Gateway.Engine?, directory: String? = nil
    ) -> Int32 {
        let settings: Settings
        switch SettingsLoading.load(file, directory: directory) {
        case .success(let read): settings = read
        case .failure(let problems):
            FileHandle.standardError.write(Data("\(problems)\n".utf8))
            return 1
        }
        let place = Place(file: file, directory: directory, settings: settings, state: state, admin: admin)
        return KeeperProcess.run(
            KeeperProcess.Configuration(
                stateDirectory: place.state.path, environment: ProcessInfo.processInfo.environment
            ) { descriptor in
                [
                    "portico", "server", "--keeper-descriptor", String(descriptor), "--state", place.state.path,
                    "--admin", place.adminSocket, "--directory", place.directory,
                ] + (engine.map { ["--engine", $0.rawValue] } ?? []) + [place.file]
            })
    }
}
