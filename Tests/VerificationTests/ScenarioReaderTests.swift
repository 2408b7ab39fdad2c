// Scenario files: what is read, and what is told about wrong ones, with its place.

import Foundation
import Testing
import Vocabulary

@testable import Verification

struct ScenarioReaderTests {
    private let whole = """
        version: 1
        name: rolling-update
        seed: 42
        front_door: { config: ../configs/rolling-update.yaml, listener: web, ready_within: 20s }
        environment: { API_TOKEN: secret, HOME_OF: "${HOME}/x" }
        load:
          - name: writes
            http:
              method: POST
              path: "/json/{seq % 10}"
              headers: { Authorization: "Bearer ${API_TOKEN}" }
              body: '{"id": "{run}-{seq}", "data": {"x": "{random}"}}'
            arrival: { rate: 50/s, model: uniform }
            connections: fresh
            timeout: 2s
            expect: { status: [200, 201], headers: { Content-Type: json }, body: { contains: ["{seq}"], json: { id: "{run}-{seq}" } } }
            release: { header: X-Release }
            read_back: { path: "/json/{run}-{seq}", body: { json: { data: "{random}" } } }
          - { name: reads, http: { path: / }, arrival: { stages: [{ rate: 10/s, for: 1s }, { ramp_to: 20/s, for: 2s }] } }
          - { name: users, http: { path: / }, arrival: { closed: { users: 3, think: 10ms } } }
        phases: { warmup: 1s, baseline: 2s, window: 3s, settle: 500ms }
        events:
          - { id: up, at: baseline+1s, do: scale, service: app, count: 5 }
          - { after: up, wait: 2s, do: kill, service: app, pick: release, release: v1, signal: TERM }
          - { id: go, at: baseline, do: rollout, service: app, release: v2, expect: undone, within: 5m }
          - { id: server, after: go, do: kill_server }
        checks:
          capacity: { unavailable: 1 }
          versions: false
          distribution: { service: app, expect: even, tolerance: 30% }
          latency: { stream: reads, p99: "< 2x baseline + 50ms", p50: "< 10ms" }
          gap: { longest: 2s }
          proof: { failure_rate: 0.1%, detectable_outage: 500ms, confidence: 99% }
          schedule: { lag_p999: 50ms }
        report: { directory: out }
        """

    @Test func `reads every part of a scenario`() throws {
        let scenario = try ScenarioReader.read(whole, path: "dir/a.yaml", environment: ["HOME": "/home/me"])
        #expect(scenario.name == "rolling-update" && scenario.seed == 42)
        guard case .frontDoor(let door) = scenario.subject else { Issue.record("no front door"); return }
        #expect(
            door
                == Scenario.FrontDoor(
                    config: "dir/../configs/rolling-update.yaml", listener: "web", readyWithin: .seconds(20),
                    stopWithin: .seconds(60)))
        #expect(scenario.reportDirectory == "dir/out")
        #expect(scenario.environment == ["API_TOKEN": "secret", "HOME_OF": "/home/me/x"])
        let writes = scenario.load[0]
        #expect(writes.method == "POST" && !writes.isIdempotent && writes.connections == .fresh)
        #expect(writes.headers[0].value.constant == "Bearer secret")
        #expect(writes.expect.statuses == [200, 201] && writes.expect.headers[0].name == "content-type")
        #expect(writes.releaseMark == .header("x-release") && writes.readBack != nil)
        let values = Template.Values(sequence: 12, id: "n-3", random: 255, run: "n")
        #expect(writes.path.filled(with: values) == "/json/2")
        #expect(writes.body?.filled(with: values) == #"{"id": "n-12", "data": {"x": "00000000000000ff"}}"#)
        #expect(scenario.load[1].isIdempotent && scenario.load[1].method == "GET")
        #expect(
            scenario.load[1].arrival
                == .open(
                    stages: [
                        LoadStream.Stage(from: 10, to: 10, length: .seconds(1)),
                        LoadStream.Stage(from: 10, to: 20, length: .seconds(2)),
                        LoadStream.Stage(from: 20, to: 20, length: nil),
                    ], model: .poisson))
        #expect(scenario.load[2].arrival == .closed(users: 3, think: .milliseconds(10)))
        #expect(scenario.phases.settle == .milliseconds(500))
        #expect(
            scenario.events.map(\.order) == [
                .scale(service: "app", count: 5), .kill(service: "app", pick: .release("v1"), signal: .term),
                .rollout(service: "app", release: "v2", expect: .undone), .killServer,
            ])
        #expect(
            scenario.events.map(\.start) == [
                .baseline(.seconds(1)), .after("up", wait: .seconds(2)), .baseline(.zero), .after("go", wait: .zero),
            ])
        #expect(scenario.events.map(\.id) == ["up", "kill-2", "go", "server"])
        #expect(scenario.checks.capacityUnavailable == 1 && !scenario.checks.versions && scenario.checks.integrity)
        #expect(scenario.checks.latency.count == 2)
        #expect(
            scenario.checks.latency[1]
                == CheckList.Latency(
                    stream: "reads", quantile: 0.99, factor: 2, plus: .milliseconds(50)))
        #expect(scenario.checks.gapMax == .seconds(2) && scenario.checks.lagMax == .milliseconds(50))
    }

    /// A small scenario with one line replaced or added, and what is said about it.
    private func problems(_ replacement: (String, String)) -> [String] {
        let text = whole.replacingOccurrences(of: replacement.0, with: replacement.1)
        #expect(text != whole, "the line to be spoiled is there")
        do {
            _ = try ScenarioReader.read(text, path: "a.yaml", environment: ["HOME": "/"])
            return []
        } catch {
            return error.problems.map { "\($0.line):\($0.column) \($0.message)" }
        }
    }

    @Test(arguments: [
        ("seed: 42", "sede: 42", "3:1 unknown key \"sede\" (did you mean \"seed\"?)"),
        ("gap: {", "gpa: {", "(did you mean \"gap\"?)"),
        ("p99:", "p98:", "(did you mean \"p90\"?)"),
        ("rate: 50/s", "rate: 50", "13:22 load[0].arrival.rate: \"50\" is not a rate; write it as 200/s"),
        ("timeout: 2s", "timeout: 2", "is not a duration; write it with its unit"),
        ("model: uniform", "model: posson", "unknown \"posson\" (did you mean \"poisson\"?)"),
        ("{seq % 10}", "{sqe}", "unknown place {sqe} (did you mean \"seq\"?)"),
        ("${API_TOKEN}", "${API_TOKN}", "the variable API_TOKN is neither in `environment` nor in the environment"),
        ("after: up", "after: upp", "`after` names \"upp\", which is no event above this one (did you mean \"up\"?)"),
        ("at: baseline+1s", "at: warmup+1s", "is not a moment like baseline+5s"),
        ("count: 5", "count: five", "is not a whole number from 0 to 10000"),
        ("service: app, count", "servce: app, count", "unknown key \"servce\""),
        ("do: scale, service: app, count: 5", "do: scale, service: app", "lacks the key \"count\""),
        ("do: kill_server", "do: kill_server, count: 1", "`do: kill_server` has no \"count\""),
        ("version: 1", "version: 2", "is not a whole number from 1 to 1"),
        ("stream: reads", "stream: raeds", "there is no stream \"raeds\" (did you mean \"reads\"?)"),
        ("path: \"/json/{run}-{seq}\"", "path: \"/json/{seq % 5}\"", "must differ for every write"),
        ("method: POST", "method: post", "is not a method in capitals"),
        ("Authorization:", "X-Request-Id:", "the driver sets X-Request-Id itself"),
        ("name: reads", "name: writes", "there is already a stream called \"writes\""),
        ("p99: \"< 2x baseline + 50ms\"", "p99: \"fast\"", "is not a limit like"),
        (
            "{ rate: 50/s, model: uniform }", "{ rate: 50/s, closed: { users: 1 } }",
            "needs exactly one of rate, stages, closed"
        ),
        ("front_door: {", "target: http://x\nfront_door: {", "needs exactly one of front_door, target"),
        ("version: 1", "version: 1\nversion: 1", "is there twice"),
        ("seed: 42", "seed: [", "not YAML"),
    ])
    func `tells what is wrong and where`(line: String, spoiled: String, message: String) {
        let found = problems((line, spoiled))
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test func `tells all problems at once, in order, with the line and a caret`() {
        let text =
            "version: 1\nname: a b\ntarget: http://x\nload:\n  - { name: r, htp: 1, arrival: { rate: 5 } }\nevnts: []\n"
        do {
            _ = try ScenarioReader.read(text, path: "a.yaml")
            Issue.record("read")
        } catch {
            #expect(error.problems.map(\.line) == [2, 5, 5, 6])
            #expect(
                error.problems[1].description == """
                    a.yaml:5:5: error: load[0]: lacks the key "http"
                      5 |   - { name: r, htp: 1, arrival: { rate: 5 } }
                        |     ^
                    """)
        }
    }

    @Test func `reads quantities with their units and refuses others`() {
        #expect(Quantities.duration("1.5s") == .milliseconds(1500) && Quantities.duration("2m") == .seconds(120))
        #expect(Quantities.duration("250us") == .microseconds(250) && Quantities.duration("0s") == .zero)
        for bad in ["", "s", "5", "-1s", "1e3s", "nans", "1 s", "5d", ".5s", "1.2.3s", "99999999h"] {
            #expect(Quantities.duration(bad) == nil, "\(bad)")
        }
        #expect(Quantities.rate("30/m") == 0.5 && Quantities.rate("0/s") == nil && Quantities.rate("5") == nil)
        #expect(Quantities.share("0.1%") == 0.001 && Quantities.share("101%") == nil)
    }

    @Test func `reads every scenario of the repository`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let directory = root.appendingPathComponent("scenarios")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".yaml") }
        for file in files {
            let text = try String(contentsOf: directory.appendingPathComponent(file), encoding: .utf8)
            #expect(throws: Never.self, "\(file)") {
                try ScenarioReader.read(text, path: directory.appendingPathComponent(file).path, environment: [:])
            }
        }
    }
}
