// What the client tells people when the front door is not there, or is not one.

import Administration
import Control
import Foundation
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1)))
struct AdminClientTests {
    /// Answers the next connection to a listening socket with `bytes` and closes.
    private func answering(
        _ bytes: String, _ body: @escaping @Sendable (AdminClient) throws -> Void
    ) async throws {
        let directory = try Directory()
        let listener = try UnixSocket.bound(directory.socket)
        defer { close(listener) }
        #expect(listen(listener, 1) == 0)
        let server = Task {
            try await onThread {
                let handle = FileHandle(fileDescriptor: accept(listener, nil, nil), closeOnDealloc: true)
                _ = try handle.read(upToCount: 1)
                try handle.write(contentsOf: Data(bytes.utf8))
                shutdown(handle.fileDescriptor, CInt(SHUT_WR))
                _ = try handle.readToEnd()
            }
        }
        try await onThread { try body(AdminClient(socket: directory.socket)) }
        try await server.value
    }

    @Test func `says how to start a front door when none answers`() throws {
        let error = #expect(throws: AdministrationError.self) {
            try AdminClient(socket: "/nonexistent/admin.sock").status()
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "no front door answers on /nonexistent/admin.sock")
        let hint = try #require(error?.hint)
        for part in ["portico serve FILE", "--admin", "--state"] { #expect(hint.contains(part)) }
    }

    @Test func `says the same when only the socket file of a dead one is left`() throws {
        let directory = try Directory()
        close(try UnixSocket.bound(directory.socket))
        let error = #expect(throws: AdministrationError.self) { try AdminClient(socket: directory.socket).reload() }
        #expect(error?.message == "no front door answers on \(directory.socket)")
    }

    @Test func `refuses a path that no socket can have`() {
        let error = #expect(throws: AdministrationError.self) {
            try AdminClient(socket: "/" + String(repeating: "x", count: 107)).status()
        }
        #expect(error?.code == .invalid)
    }

    @Test func `does not take another program for a front door`() async throws {
        try await answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") { client in
            let error = #expect(throws: AdministrationError.self) { try client.status() }
            #expect(error?.message.contains("does not speak as we do") == true)
        }
    }

    @Test func `an error page that is not ours is no refusal of ours`() async throws {
        try await answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops") { client in
            let error = #expect(throws: AdministrationError.self) { try client.status() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("does not speak as we do") == true)
        }
    }

    @Test func `says when the front door broke off`() async throws {
        try await answering("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"vers") { client in
            let error = #expect(throws: AdministrationError.self) { try client.status() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("broke off") == true)
        }
    }

    @Test func `gives up after its timeout`() async throws {
        let directory = try Directory()
        let listener = try UnixSocket.bound(directory.socket)
        defer { close(listener) }
        #expect(listen(listener, 1) == 0)
        let error = try await onThread {
            #expect(throws: AdministrationError.self) {
                try AdminClient(socket: directory.socket, timeout: .milliseconds(50)).status()
            }
        }
        #expect(error?.message.contains("did not answer within 0.05 seconds") == true)
    }
}
