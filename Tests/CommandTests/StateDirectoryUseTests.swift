// How `stop --wait` knows that the keeper has ended, and `run` that a state directory is free.

import ArgumentParser
import Control
import Foundation
import Testing

@testable import portico

struct StateDirectoryUseTests {
    @Test func `a state directory is in use as long as its lock is held`() throws {
        let state = StateDirectory("/tmp/portico-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: state.path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: state.path) }
        #expect(!state.isInUse)
        let descriptor = open(state.keeperLock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(!state.isInUse)
        #expect(flock(descriptor, LOCK_EX) == 0)
        #expect(state.isInUse)
        close(descriptor)
        #expect(!state.isInUse)
    }

    @Test func `run leaves the settings of a living front door alone`() throws {
        let state = StateDirectory("/tmp/portico-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: state.path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: state.path) }
        try Data("theirs".utf8).write(to: URL(fileURLWithPath: state.settings))
        let descriptor = open(state.keeperLock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        var command = try Portico.parseAsRoot(["proxy", "--to", "127.0.0.1:1", "--state", state.path])
        let error = #expect(throws: CommandError.self) { try command.run() }
        #expect(error?.message.contains(state.path) == true)
        #expect(FileManager.default.contents(atPath: state.settings) == Data("theirs".utf8))
    }
}
