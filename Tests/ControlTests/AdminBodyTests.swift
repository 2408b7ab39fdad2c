// What the admin API makes of requests that no client of ours would send, written byte by byte.

import Administration
import Control
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AdminBodyTests {
    struct Misuse: Sendable, CustomTestStringConvertible {
        var method = "POST"
        var path = "/v1/services/documents/scale"
        var body = ""
        var status: Int
        var code: AdministrationError.Code = .invalid
        /// A part of the message or the hint.
        var says: String

        var testDescription: String { "\(method) \(path) \(body.prefix(40))" }
    }

    @Test(arguments: [
        Misuse(body: #"{"min": 1, "max": 2, "mx": 3}"#, status: 400, says: "did you mean \"max\"?"),
        Misuse(body: #"{"min": 1, "max": 2, "colour": 3}"#, status: 400, says: "unknown key \"colour\""),
        Misuse(body: #"{"min": 1}"#, status: 400, says: "the key \"max\" is missing"),
        Misuse(body: #"{"min": "1", "max": 2}"#, status: 400, says: "is of the wrong kind"),
        Misuse(body: #"{"min": 1.5, "max": 2}"#, status: 400, says: "is of the wrong kind"),
        Misuse(body: #"{"min": null, "max": 2}"#, status: 400, says: "is of the wrong kind"),
        Misuse(body: #"{"min": 5, "max": 2}"#, status: 400, says: "5..2 is not a range"),
        Misuse(body: #"{"min": -1, "max": 2}"#, status: 400, says: "-1..2 is not a range"),
        Misuse(body: "[1, 2]", status: 400, says: "not a JSON object"),
        Misuse(body: "min=1", status: 400, says: "not a JSON object"),
        Misuse(body: "", status: 400, says: "{\"min\": 2, \"max\": 8}"),
        Misuse(body: "\u{FFFD}{", status: 400, says: "not a JSON object"),
        Misuse(body: String(repeating: "[", count: 60_000), status: 400, says: "not a JSON object"),
        Misuse(body: String(repeating: " ", count: 70_000), status: 413, says: "longer than 65536 bytes"),
        Misuse(path: "/v1/reload", body: #"{"now": true}"#, status: 400, says: "unknown key \"now\""),
        Misuse(path: "/v1/services/documents/rollouts", body: "{}", status: 400, says: "\"release\" is missing"),
        Misuse(path: "/v1/services/paper/scale", status: 404, code: .notFound, says: "services: documents"),
        Misuse(method: "GET", path: "/v1/nothing", status: 404, code: .notFound, says: "not a path of the admin API"),
        Misuse(method: "DELETE", path: "/v1/status", status: 404, code: .notFound, says: "not a path"),
        Misuse(method: "GET", path: "/v1/events?count=many", status: 400, says: "count=many"),
        Misuse(method: "GET", path: "/v1/events?count=-1", status: 400, says: "count=-1"),
        Misuse(method: "GET", path: "/v1/events?count=99999999999999999999", status: 400, says: "/v1/events?count=100"),
    ])
    func `a misuse is refused with a status, a message and a hint`(misuse: Misuse) async throws {
        let directory = try Directory()
        let administrator = FakeAdministrator()
        try await withDoor(administrator, at: directory.socket) {
            let answer = try ask(misuse.method, misuse.path, misuse.body, socket: directory.socket)
            #expect(answer.status == misuse.status)
            let error = try JSONDecoder().decode(AdministrationError.self, from: Data(answer.body.utf8))
            #expect(error.code == misuse.code)
            #expect("\(error)".contains(misuse.says), "\(error)")
        }
        #expect(administrator.orders.isEmpty)
    }

    @Test func `an order without parameters takes an empty object too`() async throws {
        let directory = try Directory()
        let administrator = FakeAdministrator()
        try await withDoor(administrator, at: directory.socket) {
            let stopped = try ask("POST", "/v1/stop", "{}", socket: directory.socket)
            #expect(stopped.status == 202)
            let reloaded = try ask("POST", "/v1/reload", "", socket: directory.socket)
            #expect(reloaded.status == 200)
        }
        #expect(administrator.orders == ["stop", "reload"])
    }

    @Test func `metrics come with the content type that Prometheus expects`() async throws {
        let directory = try Directory()
        try await withDoor(FakeAdministrator(), at: directory.socket) {
            let answer = try ask("GET", "/metrics", "", socket: directory.socket)
            #expect(answer.head.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
            #expect(answer.body.hasPrefix("# HELP portico_info "))
        }
    }
}
