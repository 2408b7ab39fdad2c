// The exposition against text written by hand from the format's description, version 0.0.4.

import Administration
import Testing

@testable import Telemetry

struct PrometheusTextTests {
    @Test func `writes help, type and samples, and escapes what must be`() {
        var text = PrometheusText()
        text.add(
            "portico_share_info", .gauge, help: "A \\ and\na \"quote\".",
            [.init(["share": "co\"v\\e\nrs", "path": "/srv"], 1), .init([:], 0.25)])
        #expect(
            text.text == #"""
                # HELP portico_share_info A \\ and\na "quote".
                # TYPE portico_share_info gauge
                portico_share_info{share="co\"v\\e\nrs",path="/srv"} 1
                portico_share_info 0.25

                """#)
    }

    @Test func `writes whole, huge and special numbers as Prometheus reads them`() {
        var text = PrometheusText()
        text.add(
            "portico_test", .gauge, help: "-",
            [
                .init([:], 9_007_199_254_740_991), .init([:], 1e300), .init([:], .infinity), .init([:], -.infinity),
                .init([:], .nan), .init([:], isTrue: false),
            ])
        let numbers = text.text.split(separator: "\n").dropFirst(2).map { $0.dropFirst("portico_test ".count) }
        #expect(numbers == ["9007199254740991", "1e+300", "+Inf", "-Inf", "NaN", "0"])
    }

    @Test func `leaves out a metric without samples`() {
        var text = PrometheusText()
        text.add("portico_nothing", .gauge, help: "-", [])
        #expect(text.text.isEmpty)
    }

    @Test func `shows a status as metrics`() {
        let text = PrometheusText.exposition(of: Self.status)
        #expect(text == Self.golden)
    }

    @Test func `every counter ends in _total and no gauge does, each is declared once before its samples`() {
        var declared: Set<Substring> = []
        for line in PrometheusText.exposition(of: Self.status).split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(declared.insert(words[2]).inserted, "\(words[2]) is declared twice")
                #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
            } else if !line.hasPrefix("#") {
                #expect(declared.contains(line.prefix { $0 != "{" && $0 != " " }), "\(line)")
            }
        }
    }

    static let status = StatusReport(
        version: "0.1.0", serverPID: 12, keeperPID: 11, startedAt: "2026-11-21T06:11:40.123456Z", serverStarts: 2,
        stateDirectory: "/var/lib/portico", accessLog: nil, engine: "epoll",
        engineReason: "asked for with --engine", workers: 2, revision: 17, ready: true,
        listeners: [
            ListenerReport(
                name: "web", bind: "127.0.0.1:8080", connectionsOpen: 3, connectionsAccepted: 120, requestsRefused: 5,
                refusals: ListenerRefusals(perAddress: 2, untrusted: 3, unheralded: 6, pausedFull: 4, pausedShort: 5))
        ],
        services: [
            ServiceReport(
                name: "documents", balance: "round_robin", instancesMin: 2, instancesMax: 5, instancesDesired: 3,
                scalingReason: "in flight", release: "v1",
                rollout: RolloutReport(
                    number: 4, from: "v1", to: "v2", state: .rolling, reason: "", startedAt: "", endedAt: nil,
                    replaced: 1, desired: 3),
                requestsInFlight: 5, requestsHeld: 2, requestsTotal: 1000, responses5xx: 7,
                backends: [
                    backend("documents-1", release: "v1", phase: "ready", uptime: 12.5),
                    backend("documents-2", release: "v2", phase: "starting", uptime: 0.25),
                    backend("documents-3", release: "v1", phase: "ready", uptime: 12),
                ]),
            ServiceReport(
                name: "sql", balance: "least_connections", instancesMin: nil, instancesMax: nil, instancesDesired: nil,
                scalingReason: nil, release: nil, rollout: nil, requestsInFlight: 0, requestsHeld: 0,
                requestsTotal: 9, responses5xx: 0,
                backends: [backend("10.0.0.7:5432", release: nil, phase: "unhealthy", uptime: nil)]),
        ],
        shares: [ShareReport(name: "covers", path: "/srv/covers")])

    private static func backend(_ name: String, release: String?, phase: String, uptime: Double?) -> BackendReport {
        BackendReport(
            name: name, address: "127.0.0.1:4000", pid: nil, release: release, phase: phase, health: nil,
            uptimeSeconds: uptime, requestsInFlight: 1, requestsTotal: 300, responses5xx: 2, connectFailures: 4,
            logFile: nil)
    }
}
