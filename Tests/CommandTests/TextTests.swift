// Tables and reports as people see them.

import Administration
import Testing

@testable import portico

struct TextTests {
    @Test func `columns are as wide as their widest cell and lines end without spaces`() {
        var table = TextTable(["NAME": .left, "COUNT": .right, "WHY": .left])
        table.add(["a", "1", "because"])
        table.add(["documents", "12345678", ""])
        #expect(
            table.lines == [
                "NAME          COUNT  WHY",
                "a                 1  because",
                "documents  12345678",
            ])
    }

    @Test func `control characters of others do not reach the terminal`() {
        var table = TextTable(["HEALTH": .left])
        table.add(["\u{1B}[31mred\nline\u{7F}é"])
        #expect(table.lines[1] == " [31mred line é")
    }

    @Test func `counts characters, not bytes`() {
        var table = TextTable(["A": .left, "B": .left])
        table.add(["éé", "x"])
        table.add(["abc", "y"])
        #expect(table.lines == ["A    B", "éé   x", "abc  y"])
    }

    @Test(arguments: [
        (0.4, "0s"), (59.9, "59s"), (60, "1m 0s"), (3725, "1h 2m"), (180_000, "2d 2h"), (-1, "-"), (.nan, "-"),
        (.infinity, "-"),
    ])
    func `prints uptimes in their two largest units`(seconds: Double, text: String) {
        #expect(StatusText.uptime(seconds) == text)
    }

    @Test func `a status shows what listens, what serves, and why`() {
        #expect(
            StatusText.lines(Self.status) == [
                "portico 0.1.0 is ready: epoll (asked for with --engine), 2 workers, revision 17",
                "server 12 since 2026-11-21T06:11:40.123456Z, started 2 times, keeper 11, state in /var/lib/portico",
                "",
                "LISTENER  ADDRESS         OPEN  ACCEPTED  REFUSED",
                "web       127.0.0.1:8080     3       120        1",
                "",
                "SERVICE    RELEASE  READY  BOUNDS  BALANCE      IN FLIGHT  HELD  REQUESTS  5XX",
                "documents  v1         1/3  2..5    round_robin          5     2      1000    7",
                "sql        -          0/1  fixed   round_robin          5     2      1000    7",
                "  documents: 3 instances wanted: 24 in flight, 10 per instance",
                "  documents: rollout 4, v1 -> v2: rolling, 1 of 3 replaced: waits for documents-2",
                "",
                "BACKEND        PHASE      RELEASE  ADDRESS         PID  UPTIME  IN FLIGHT  REQUESTS  5XX"
                    + "  CONNECT FAILED  HEALTH",
                "documents-1    ready      v1       127.0.0.1:4000   99   2m 5s          1       300    2"
                    + "               4  200 in 1.2 ms",
                "documents-2    starting   v2       127.0.0.1:4000   99   2m 5s          1       300    2"
                    + "               4  200 in 1.2 ms",
                "10.0.0.7:5432  unhealthy  -        127.0.0.1:4000   99   2m 5s          1       300    2"
                    + "               4  200 in 1.2 ms",
                "",
                "SHARE   PATH",
                "covers  /srv/covers",
            ])
    }

    @Test func `a rollout that is over does not count instances any more`() {
        var rollout = Self.rollout
        rollout.state = .undone
        #expect(RolloutText.line(rollout) == "rollout 4, v1 -> v2: undone: waits for documents-2")
        rollout.state = .completed
        rollout.reason = ""
        #expect(RolloutText.line(rollout) == "rollout 4, v1 -> v2: completed")
        #expect(
            RolloutText.history([rollout]) == [
                "NUMBER  FROM  TO  STATE      STARTED  ENDED  REASON", "     4  v1    v2  completed  06:11    -",
            ])
    }

    @Test func `an event is one line with what it is about`() {
        let event = EventReport(
            time: "t", kind: "instance_ready", service: "documents", instance: "documents-3", release: "v1",
            message: "first probe passed")
        #expect(EventsCommand.line(event) == "t  instance_ready  documents-3 v1  first probe passed")
        let bare = EventReport(
            time: "t", kind: "server_stopping", service: nil, instance: nil, release: nil, message: "asked to")
        #expect(EventsCommand.line(bare) == "t  server_stopping  asked to")
    }

    private static let rollout = RolloutReport(
        number: 4, from: "v1", to: "v2", state: .rolling, reason: "waits for documents-2", startedAt: "06:11",
        endedAt: nil, replaced: 1, desired: 3)

    private static let status = StatusReport(
        version: "0.1.0", serverPID: 12, keeperPID: 11, startedAt: "2026-11-21T06:11:40.123456Z", serverStarts: 2,
        stateDirectory: "/var/lib/portico", accessLog: nil, engine: "epoll",
        engineReason: "asked for with --engine", workers: 2, revision: 17, ready: true,
        listeners: [
            ListenerReport(
                name: "web", bind: "127.0.0.1:8080", connectionsOpen: 3, connectionsAccepted: 120, requestsRefused: 1)
        ],
        services: [
            service(
                "documents", bounds: (2, 5, 3), release: "v1", rollout: rollout,
                [
                    backend("documents-1", "v1", "ready"), backend("documents-2", "v2", "starting"),
                ]),
            service("sql", bounds: nil, release: nil, rollout: nil, [backend("10.0.0.7:5432", nil, "unhealthy")]),
        ],
        shares: [ShareReport(name: "covers", path: "/srv/covers")])

    private static func service(
        _ name: String, bounds: (min: Int, max: Int, desired: Int)?, release: String?, rollout: RolloutReport?,
        _ backends: [BackendReport]
    ) -> ServiceReport {
        ServiceReport(
            name: name, balance: "round_robin", instancesMin: bounds?.min, instancesMax: bounds?.max,
            instancesDesired: bounds?.desired, scalingReason: bounds.map { _ in "3: 24 in flight, 10 per instance" },
            release: release, rollout: rollout, requestsInFlight: 5, requestsHeld: 2, requestsTotal: 1000,
            responses5xx: 7, backends: backends)
    }

    private static func backend(_ name: String, _ release: String?, _ phase: String) -> BackendReport {
        BackendReport(
            name: name, address: "127.0.0.1:4000", pid: 99, release: release, phase: phase, health: "200 in 1.2 ms",
            uptimeSeconds: 125, requestsInFlight: 1, requestsTotal: 300, responses5xx: 2, connectFailures: 4,
            logFile: nil)
    }
}
