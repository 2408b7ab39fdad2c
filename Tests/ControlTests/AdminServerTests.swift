// The admin API over a real unix socket, asked by its own client and by libcurl through it.

import Administration
import Control
import Foundation
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1)))
struct AdminServerTests {
    private let documents = ServiceName("documents")

    @Test func `reports and orders go through as they are`() async throws {
        let directory = try Directory()
        let administrator = FakeAdministrator()
        try await withDoor(administrator, at: directory.socket) { [documents] in
            let client = AdminClient(socket: directory.socket)
            #expect(try client.status() == FakeAdministrator.report)
            #expect(try client.events(count: 2).map(\.message) == ["é \"0\"", "é \"1\""])
            #expect(try client.rollout(service: documents) == nil)
            #expect(try client.rolloutHistory(service: documents).isEmpty)
            #expect(try client.scale(ScaleOrder(min: 3, max: 5), service: documents) == FakeAdministrator.service)
            #expect(try client.startRollout(RolloutOrder(release: "v2"), service: documents).number == 1)
            #expect(try client.rollout(service: documents) == FakeAdministrator.rollout)
            #expect(try client.rolloutHistory(service: documents) == [FakeAdministrator.rollout])
            #expect(try client.pauseRollout(service: documents).state == .rolling)
            #expect(try client.resumeRollout(service: documents).state == .rolling)
            #expect(try client.undoRollout(service: documents).state == .rolling)
            #expect(try client.reload().revision == 4)
            try client.stop()
            #expect(try client.metrics().contains("portico_service_requests_total{service=\"documents\"} 10\n"))
        }
        #expect(
            administrator.orders == [
                "scale documents 3 5", "start documents v2 rolling", "pause documents", "resume documents",
                "undo documents", "reload", "stop",
            ])
    }

    @Test(arguments: [AdministrationError.Code.notFound, .invalid, .conflict, .unavailable])
    func `a refusal arrives with its code, message and hint`(code: AdministrationError.Code) async throws {
        let directory = try Directory()
        let administrator = FakeAdministrator()
        let refusal = AdministrationError(code: code, message: "not now", hint: "later")
        administrator.refuse(with: refusal)
        try await withDoor(administrator, at: directory.socket) {
            let client = AdminClient(socket: directory.socket)
            #expect(throws: refusal) { try client.reload() }
        }
    }

    @Test func `an unknown service is named with the nearest one`() async throws {
        let directory = try Directory()
        try await withDoor(FakeAdministrator(), at: directory.socket) {
            let client = AdminClient(socket: directory.socket)
            let error = #expect(throws: AdministrationError.self) {
                try client.scale(ScaleOrder(min: 1, max: 1), service: ServiceName("document"))
            }
            #expect(error?.code == .notFound)
            #expect(error?.message == "there is no service \"document\"")
            #expect(error?.hint == "did you mean documents? services: documents")
        }
    }

    @Test(arguments: [
        "../stop", "../../v1/services/documents", "documents/rollout/pause?", "documents/rollout/pause#", "%2e%2e", "",
        "..",
        "é",
    ])
    func `a service name never becomes another path`(name: String) async throws {
        let directory = try Directory()
        let administrator = FakeAdministrator()
        try await withDoor(administrator, at: directory.socket) {
            let client = AdminClient(socket: directory.socket)
            let error = #expect(throws: AdministrationError.self) {
                try client.pauseRollout(service: ServiceName(name))
            }
            #expect(error?.code == .notFound)
        }
        #expect(administrator.orders.isEmpty)
    }

    @Test func `only the owner may use the socket, and it is gone afterwards`() async throws {
        let directory = try Directory()
        try await withDoor(FakeAdministrator(), at: directory.socket) {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.socket)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.type] as? FileAttributeType == .typeSocket)
            #expect(directory.names == ["admin.sock"])
        }
        #expect(directory.names.isEmpty)
    }

    @Test func `takes the place of a socket that nobody answers on`() async throws {
        let directory = try Directory()
        // Bound and closed: what a killed server leaves behind.
        close(try UnixSocket.bound(directory.socket))
        try await withDoor(FakeAdministrator(), at: directory.socket) {
            let status = try AdminClient(socket: directory.socket).status()
            #expect(status.ready)
        }
    }

    @Test func `refuses a place where another server answers, which stays unharmed`() async throws {
        let directory = try Directory()
        try await withOpenDoor(FakeAdministrator(), at: directory.socket) {
            let error = await #expect(throws: AdministrationError.self) {
                try await AdminServer(socket: directory.socket, administrator: FakeAdministrator()).run()
            }
            #expect(error?.code == .conflict)
            let status = try await onThread { try AdminClient(socket: directory.socket).status() }
            #expect(status.ready)
            #expect(directory.names == ["admin.sock"])
        }
    }

    @Test func `refuses to replace a file that is no socket`() async throws {
        let directory = try Directory()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: directory.socket))
        let error = await #expect(throws: AdministrationError.self) {
            try await AdminServer(socket: directory.socket, administrator: FakeAdministrator()).run()
        }
        #expect(error?.code == .conflict)
        #expect(FileManager.default.contents(atPath: directory.socket) == Data("precious".utf8))
    }

    @Test func `says so when the directory is missing or the path is too long`() async throws {
        for (path, code) in [
            ("/nonexistent/admin.sock", AdministrationError.Code.unavailable),
            ("/tmp/" + String(repeating: "x", count: 99), .invalid),
        ] {
            let error = await #expect(throws: AdministrationError.self) {
                try await AdminServer(socket: path, administrator: FakeAdministrator()).run()
            }
            #expect(error?.code == code)
            #expect(error?.hint != nil)
        }
    }

    @Test func `a path of the greatest length is served`() async throws {
        let directory = try Directory()
        let long = directory.path + "/" + String(repeating: "d", count: 103 - directory.path.utf8.count - 12)
        try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: true)
        let socket = long + "/admin.sock"
        #expect(socket.utf8.count == 103)
        try await withDoor(FakeAdministrator(), at: socket) {
            let status = try AdminClient(socket: socket).status()
            #expect(status.ready)
        }
    }

    @Test func `leaves alone a socket that another server has put in its place`() async throws {
        let directory = try Directory()
        try await withDoor(FakeAdministrator(), at: directory.socket) {
            try FileManager.default.removeItem(atPath: directory.socket)
            try Data().write(to: URL(fileURLWithPath: directory.socket))
        }
        #expect(directory.names == ["admin.sock"])
    }

    /// Ending by cancellation once brought the process down while a connection was being accepted, about once in a
    /// hundred times.
    @Test func `ends while clients go on connecting`() async throws {
        let directory = try Directory()
        for _ in 0..<25 {
            try await withOpenDoor(FakeAdministrator(), at: directory.socket) {
                for _ in 0..<4 {
                    Thread.detachNewThread {
                        // Until nobody answers any more.
                        while (try? AdminClient(socket: directory.socket).status()) != nil {}
                    }
                }
                _ = try await onThread { try AdminClient(socket: directory.socket).status() }
            }
            #expect(directory.names.isEmpty)
        }
    }
}
