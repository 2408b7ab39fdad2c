// How `stop --wait` knows that the keeper has ended.

import Foundation
import Testing

@testable import portico

struct StopCommandTests {
    @Test func `a keeper lives as long as its lock is held`() throws {
        let path = "/tmp/portico-\(UUID().uuidString).lock"
        #expect(!StopCommand.isLocked(path))
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { unlink(path) }
        #expect(!StopCommand.isLocked(path))
        #expect(flock(descriptor, LOCK_EX) == 0)
        #expect(StopCommand.isLocked(path))
        close(descriptor)
        #expect(!StopCommand.isLocked(path))
    }
}
