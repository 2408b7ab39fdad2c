// The load generator against a scripted server on the loopback: every outcome, accounting, reuse of connections.

import Testing
import Vocabulary

@testable import Verification

struct LoadGeneratorTests {
    /// Reads the `load` part of a scenario and runs it until `requests` of them have begun.
    private func run(_ load: String, on server: ScriptedServer, requests: Int, url: String? = nil) throws
        -> ClientLedger
    {
        let text = "version: 1\nname: t\ntarget: \(url ?? server.url)\nload:\n\(load)\n"
        let scenario = try ScenarioReader.read(text, path: "t.yaml")
        let generator = LoadGenerator(
            url: url ?? server.url, nonce: "00000000000000aa", seed: 7, streams: scenario.load, start: DriverClock.now)
        while generator.progress.begun < requests { DriverClock.sleep(nanoseconds: 1_000_000) }
        generator.end(at: DriverClock.now)
        return generator.join()
    }

    private static func echo(_ request: ScriptedServer.Request, status: Int = 200, body: String = "")
        -> ScriptedServer.Reply
    {
        .answer(status, headers: ["X-Request-Id": request.id], body: body)
    }

    private let reads = "  - { name: reads, http: { path: /x }, arrival: { rate: 2000/s }, timeout: 5s }"

    @Test func `gives every request an id of its own and records each one once`() throws {
        let server = ScriptedServer { Self.echo($0) }
        let ledger = try run(reads, on: server, requests: 300)
        #expect(ledger.records.count >= 300)
        #expect(
            ledger.records.allSatisfy { $0.isSuccess && !$0.isCrossed && $0.sent >= $0.begun && $0.finished >= $0.sent }
        )
        #expect(ledger.records.enumerated().allSatisfy { UInt64($0) == $1.number && UInt64($0) == $1.sequence })
        #expect(Set(server.requests.map(\.id)) == Set(ledger.records.map { ledger.id(of: $0) }))
        #expect(server.requests.count == ledger.records.count)
    }

    @Test func `counts latency from when a request was due, not from when it was sent`() throws {
        let server = ScriptedServer { Self.echo($0) }
        let ledger = try run(reads, on: server, requests: 50)
        #expect(ledger.records.allSatisfy { $0.begun >= $0.intended })
        #expect(ledger.records.allSatisfy { $0.latencyNanoseconds == $0.finished - $0.intended })
        #expect(ledger.records.allSatisfy { $0.latencyNanoseconds >= $0.serviceNanoseconds })
    }

    @Test func `uses connections again unless they are to be fresh`() throws {
        let server = ScriptedServer { Self.echo($0) }
        let kept = try run(
            "  - { name: a, http: { path: / }, arrival: { closed: { users: 2 } } }", on: server, requests: 100)
        #expect(server.connectionCount == 2)
        #expect(kept.records.filter(\.isOnReusedConnection).count == kept.records.count - 2)
        let other = ScriptedServer { Self.echo($0) }
        let fresh = try run(
            "  - { name: a, http: { path: / }, arrival: { closed: { users: 2 } }, connections: fresh }", on: other,
            requests: 100)
        #expect(other.connectionCount == fresh.records.count)
        #expect(!fresh.records.contains { $0.isOnReusedConnection })
    }

    @Test func `lets a user think after each answer in a closed loop`() throws {
        let server = ScriptedServer { Self.echo($0) }
        let ledger = try run(
            "  - { name: a, http: { path: / }, arrival: { closed: { users: 1, think: 3ms } } }", on: server,
            requests: 10)
        let gaps = zip(ledger.records, ledger.records.dropFirst()).map { $1.intended - $0.finished }
        #expect(gaps.allSatisfy { $0 == 3_000_000 })
        #expect(ledger.records.allSatisfy { $0.begun >= $0.intended })
    }

    @Test(arguments: [
        (ScriptedServer.Reply.close, Outcome.eof), (.reset, .reset), (.truncated, .truncated), (.garbage, .malformed),
        (.silence, .timeout), (.answer(503, headers: ["X-Portico-Reason": "no_backend_ready"]), .badStatus),
    ])
    func `names how a request failed`(reply: ScriptedServer.Reply, outcome: Outcome) throws {
        let server = ScriptedServer { _ in reply }
        let load = "  - { name: a, http: { path: / }, arrival: { closed: { users: 1 } }, timeout: 300ms }"
        let ledger = try run(load, on: server, requests: 2)
        #expect(ledger.records.allSatisfy { $0.outcome == outcome }, "\(ledger.records.map(\.outcome))")
        if outcome == .badStatus {
            #expect(ledger.texts[ledger.records[0].reason] == "no_backend_ready")
            #expect(ledger.records[0].status == 503)
        }
    }

    @Test func `tells a refused connection`() throws {
        let server = ScriptedServer { Self.echo($0) }
        server.stop()
        let load = "  - { name: a, http: { path: / }, arrival: { rate: 500/s } }"
        let ledger = try run(load, on: server, requests: 5)
        #expect(ledger.records.allSatisfy { $0.outcome == .refused && $0.sent == 0 })
    }

    @Test(arguments: [ScriptedServer.Reply.close, .reset])
    func `does not repeat a request whose connection died under it`(death: ScriptedServer.Reply) throws {
        // libcurl by itself would send it again on a new connection, and nobody would know that it was lost.
        let server = ScriptedServer { $0.indexOnConnection < 3 ? Self.echo($0) : death }
        let load = "  - { name: a, http: { path: / }, arrival: { closed: { users: 1 } } }"
        let ledger = try run(load, on: server, requests: 40)
        #expect(server.requests.count == ledger.records.count)
        let failed = ledger.records.filter { !$0.isSuccess }
        #expect(failed.count == ledger.records.count / 4)
        #expect(failed.allSatisfy { ($0.outcome == .eof || $0.outcome == .reset) && $0.isOnReusedConnection })
    }

    @Test func `fills templates, and checks status, headers and body against them`() throws {
        let server = ScriptedServer { request in
            let number = Int(request.path.split(separator: "/").last ?? "") ?? -1
            let body = number == 3 ? "{\"id\": \"other\"}" : "{\"id\": \"\(number)\", \"sent\": 1}"
            var headers = ["X-Request-Id": request.id, "Content-Type": "application/json; charset=utf-8"]
            if number == 5 { headers["Content-Type"] = "text/plain" }
            if number == 7 { headers["X-Request-Id"] = "someone-else" }
            return .answer(number == 9 ? 404 : 201, headers: headers, body: body)
        }
        let ledger = try run(
            """
              - name: writes
                http: { method: POST, path: "/json/{seq}", headers: { X-Run: "{run}" }, body: '{"id":"{seq}","r":"{random}"}' }
                arrival: { closed: { users: 1 } }
                expect: { status: [200, 201], headers: { Content-Type: json }, body: { json: { id: "{seq}" }, contains: '"sent": 1' } }
            """, on: server, requests: 12)
        let odd = ledger.records.prefix(12).filter { !$0.isSuccess }.map { ($0.sequence, $0.outcome) }
        #expect(odd.map(\.0) == [3, 5, 9])
        #expect(odd.map(\.1) == [.mismatch, .mismatch, .badStatus])
        #expect(ledger.records.prefix(12).filter(\.isCrossed).map(\.sequence) == [7])
        let bodies = server.requests.map(\.body)
        #expect(Set(bodies).count == bodies.count)
        #expect(bodies[4].hasPrefix("{\"id\":\"4\",\"r\":\"") && bodies[4].utf8.count == 33)
        #expect(server.requests.allSatisfy { $0.headers["x-run"] == "00000000000000aa" })
        #expect(!ledger.records.contains { $0.isIdempotent })
    }

    @Test func `draws the same words from the same seed`() throws {
        let load = "  - { name: a, http: { path: \"/{random % 1000}\" }, arrival: { closed: { users: 1 } } }"
        let first = ScriptedServer { Self.echo($0) }
        let second = ScriptedServer { Self.echo($0) }
        _ = try run(load, on: first, requests: 20)
        _ = try run(load, on: second, requests: 20)
        #expect(first.requests.prefix(20).map(\.path) == second.requests.prefix(20).map(\.path))
        #expect(Set(first.requests.map(\.path)).count > 10)
    }

    @Test func `reads every acknowledged write back and finds the one that is gone`() throws {
        let load = """
              - name: writes
                http: { method: POST, path: /json, body: '{"key":"{id}","data":"{random}"}' }
                arrival: { closed: { users: 1 } }
                expect: { status: [201] }
                read_back: { path: "/json/{id}", body: { json: { data: "{random}" } } }
            """
        let server = ScriptedServer { request in
            request.method == "POST" ? Self.echo(request, status: 201) : .close
        }
        let ledger = try run(load, on: server, requests: 10)
        let kept = Dictionary(
            uniqueKeysWithValues: server.requests.map { request in
                let words = request.body.split(separator: "\"").map(String.init)
                return (words[3], words[7])
            })
        let lost = ledger.id(of: ledger.records[4])
        let store = ScriptedServer { request in
            let key = String(request.path.dropFirst(6))
            guard key != lost, let data = kept[key] else { return Self.echo(request, status: 404) }
            return Self.echo(request, body: "{\"data\":\"\(data)\"}")
        }
        let scenario = try ScenarioReader.read(
            "version: 1\nname: t\ntarget: \(store.url)\nload:\n\(load)\n", path: "t.yaml")
        let after = LoadGenerator.readBack(
            ledger, url: store.url, nonce: "00000000000000aa", seed: 7, streams: scenario.load, control: LoadControl())
        let reads = after.records.dropFirst(ledger.records.count)
        #expect(reads.count == ledger.records.count)
        #expect(reads.allSatisfy { $0.isReadBack })
        #expect(reads.filter { !$0.isSuccess }.map(\.sequence) == [4])
        #expect(Set(after.records.map(\.number)).count == after.records.count)
    }

    @Test func `counts what was due and never begun`() throws {
        let server = ScriptedServer { Self.echo($0) }
        let text = "version: 1\nname: t\ntarget: \(server.url)\nload:\n\(reads)\n"
        let scenario = try ScenarioReader.read(text, path: "t.yaml")
        let now = DriverClock.now
        // A schedule that ended five seconds ago: nothing may be begun any more, all must be told.
        let control = LoadControl()
        control.end(at: now - 5_000_000_000)
        let schedule = ArrivalSchedule(
            stages: [LoadStream.Stage(from: 1000, to: 1000, length: nil)], model: .uniform,
            random: SeededRandom(seed: 1))
        let source = LoadSource(
            plan: RequestPlan(scenario.load[0], index: 0, seed: 1), schedule: schedule, start: now - 6_000_000_000)
        let loop = LoadLoop(
            url: server.url, run: "r", sources: [source], ledger: ClientLedger(idPrefix: "r-"), control: control)
        loop.runToEnd()
        #expect(loop.ledger.records.count == 1000)
        #expect(loop.ledger.records.allSatisfy { $0.outcome == .notSent && $0.begun == 0 })
        #expect(server.requests.isEmpty)
    }
}
