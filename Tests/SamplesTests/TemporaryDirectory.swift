// A place for the files of one test.

import Foundation

/// A directory that is gone with the last reference to it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("samples-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    var databasePath: String { path + "/documents.sqlite" }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
