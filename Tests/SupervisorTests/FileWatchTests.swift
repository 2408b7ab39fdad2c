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
        #expect(files.look() == false)
        try write("chain", "b")
        #expect(files.isChanged() == true)
        #expect(files.look() == false, "seen for the first time")
        try write("key", "b")
        #expect(files.look() == false, "changed again since")
        #expect(files.look() == true)
        files.take()
        #expect(files.isChanged() == false)
        #expect(files.look() == false)
        try FileManager.default.removeItem(at: directory)
    }

    @Test func `a file that is replaced by its like, and one that is gone, have changed`() throws {
        try write("chain", "a")
        try write("key", "a")
        var files = watch()
        try write("chain", "a")
        #expect(files.isChanged() == true)
        files.take()
        try FileManager.default.removeItem(at: directory.appendingPathComponent("key"))
        #expect(files.isChanged() == true)
        _ = files.look()
        #expect(files.look() == true)
        try FileManager.default.removeItem(at: directory)
    }
}
