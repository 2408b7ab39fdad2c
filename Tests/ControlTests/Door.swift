// A served admin socket for the length of a test.

import Administration
import Control
import Foundation

/// A fresh directory that goes with the test.
final class Directory: Sendable {
    let path: String

    init() throws {
        // Short: a socket's path has at most 107 bytes.
        path = "/tmp/portico-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/admin.sock" }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// Serves `administrator` on `socket` while `body` runs on a thread of its own, then ends the server.
///
/// A thread of its own, because the client blocks: on a thread of Swift's pool it would keep the server from answering.
func withDoor<Result: Sendable>(
    _ administrator: any Administrator, at socket: String, _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withOpenDoor(administrator, at: socket) { try await onThread(body) }
}

/// The same for a body that awaits and does not block.
func withOpenDoor<Result: Sendable>(
    _ administrator: any Administrator, at socket: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        let (listening, announce) = AsyncStream.makeStream(of: Void.self)
        group.addTask {
            defer { announce.finish() }
            try await AdminServer(socket: socket, administrator: administrator).run { announce.yield() }
        }
        var isListening = false
        for await _ in listening {
            isListening = true
            break
        }
        // It never listened: `run` has an error for us.
        if !isListening { try await group.waitForAll() }
        let result = try await body()
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
