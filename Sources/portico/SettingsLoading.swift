// Brings settings files from disk to `SettingsReader`, which itself touches nothing.

import Foundation
import Settings

/// Reads settings files of this machine.
enum SettingsLoading {
    /// A settings file larger than this is taken for something else.
    static let bytesMax = SettingsLimits.fileBytesMax

    /// - Parameter directory: where relative paths start; the file's own directory unless given.
    static func load(_ path: String, directory: String? = nil) -> Result<Settings, SettingsProblems> {
        SettingsReader.read(
            path: path, environment: ProcessInfo.processInfo.environment, directory: directory, readFile: readFile)
    }

    /// The directory of a settings file, absolute.
    static func directory(of path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
    }

    private static func readFile(_ path: String) -> SettingsFile {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .notFound }
        if isDirectory.boolValue { return .isDirectory }
        guard let file = FileHandle(forReadingAtPath: path) else { return .unreadable("permission denied") }
        defer { try? file.close() }
        do {
            let data = try file.read(upToCount: bytesMax + 1) ?? Data()
            guard data.count <= bytesMax else { return .unreadable("it is larger than 1 MiB") }
            return .bytes([UInt8](data))
        } catch {
            return .unreadable("\(error)")
        }
    }
}
