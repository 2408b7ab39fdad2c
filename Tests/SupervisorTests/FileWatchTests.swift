// When files count as changed: two looks after a change, once they stand still, and not a second time.

import Foundation
import Testing

@testable import Supervisor

@Suite struct FileWatchTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("portico-watch-\(UUID())")

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func write(_ name: String, _ text: String) throws {
        // A new file in place of the old one, as tools that renew certificates do it.
        try Data(text.utf8).write(to: directory.appendingPathComponent(name), options: .atomic)
    }

    private func watch() -> FileWatch {
        FileWatch(["chain", "key"].map { directory.appendingPathComponent($0).path })
    }

    @Test func `a change counts once the files have stood still between two looks`() throws {
        try write("chain", "a")
        try write("key", "a")
        var files = watch()
        #expect(!files.look())
        try write("chain", "b")
        #expect(files.isChanged())
        #expect(!files.look(), "seen for the first time")
        try write("key", "b")
        #expect(!files.look(), "changed again since")
        #expect(files.look())
        files.take()
        #expect(!files.isChanged())
        #expect(!files.look())
        try FileManager.default.removeItem(at: directory)
    }

    @Test func `a file that is replaced by its like, and one that is gone, have changed`() throws {
        try write("chain", "a")
        try write("key", "a")
        var files = watch()
        try write("chain", "a")
        #expect(files.isChanged())
        files.take()
        try FileManager.default.removeItem(at: directory.appendingPathComponent("key"))
        #expect(files.isChanged())
        _ = files.look()
        #expect(files.look())
        try FileManager.default.removeItem(at: directory)
    }
}
