// Whole runs against a staged front door: an orderly one passes, and each kind of sabotage turns its own check red.

import Foundation
import Testing

@testable import Verification

struct ConductorTests {
    private func run(
        _ sabotage: StagedFrontDoor.Sabotage, release: String = "v2", expect: String = "completed"
    ) throws -> RunReport {
        let door = try StagedFrontDoor(sabotage)
        defer { door.close() }
        let server = ScriptedServer { door.reply($0) }
        let text = """
            version: 1
            name: staged
            seed: 5
            target: \(server.url)
            admin: staged
            load:
              - { name: reads, http: { path: "/{seq}" }, arrival: { rate: 300/s }, release: { header: X-Release } }
              - name: writes
                http: { method: PUT, path: "/kept/{id}", body: "<{random}>" }
                arrival: { closed: { users: 2, think: 10ms } }
                read_back: { path: "/kept/{id}", body: { contains: "<{random}>" } }
            phases: { warmup: 100ms, baseline: 300ms, settle: 300ms }
            events:
              - { id: up, at: baseline+0s, do: scale, service: app, count: 3 }
              - { id: crash, after: up, wait: 50ms, do: kill, service: app, pick: any }
              - { id: release, after: crash, do: rollout, service: app, release: \(release), expect: \(expect) }
            checks: { schedule: { lag_p999: 1m }, gap: { longest: 1m }, latency: { p90: "< 1m" }, proof: { failure_rate: 10% } }
            """
        let scenario = try ScenarioReader.read(text, path: "staged.yaml")
        let options = Verification.Options(administration: { _ in door })
        return Conductor(scenario, options: options).run()
    }

    @Test func `passes a front door that is in order, and says what it did`() throws {
        let report = try run(.none)
        #expect(report.verdict == .pass, "\(ReportText.render(report))")
        #expect(report.events.map(\.id) == ["up", "crash", "release"])
        #expect(report.events.allSatisfy { $0.doneSeconds != nil })
        let checks = Set(report.findings.filter { $0.verdict == .pass }.map(\.check))
        #expect(
            checks.isSuperset(of: [
                "schedule", "event up", "event crash", "event release", "no_failed_request", "accounted_once",
                "integrity",
                "versions", "capacity", "acknowledged_writes_readable", "distribution", "latency", "gap", "proof",
            ]))
        #expect(Set(report.streams.map(\.phase)) == Set(Phase.allCases))
        #expect(report.distribution.count >= 6)
        #expect(report.distribution.reduce(0) { $0 + $1.requests } == report.streams.reduce(0) { $0 + $1.requests })

        let text = ReportText.render(report)
        #expect(text.hasSuffix("checks passed\n"))
        #expect(text.contains("VERDICT PASS: all"))
        #expect(text.contains("rollout of app from v1 to v2 completed"))
        let json = try ReportJSON.render(report)
        #expect(try JSONDecoder().decode(RunReport.self, from: json).findings == report.findings)
        let junit = ReportJUnit.render(report)
        #expect(XMLLike.isWellFormed(junit))
        #expect(junit.contains("failures=\"0\" errors=\"0\""))
    }

    @Test(arguments: [
        // What else may turn red: a line too few or too many shifts the counts, a server error also hits reading back.
        (StagedFrontDoor.Sabotage.dropsLines, "accounted_once", ["distribution"]),
        (.logsTwice, "accounted_once", ["distribution"]), (.crossesAnswers, "integrity", []),
        (.answers500, "no_failed_request", ["acknowledged_writes_readable"]), (.isUneven, "distribution", []),
        (.keepsOldRelease, "versions", []), (.undoes, "event release", []),
        (.losesWrites, "acknowledged_writes_readable", []),
    ])
    func `turns the right check red`(sabotage: StagedFrontDoor.Sabotage, check: String, others: [String]) throws {
        let report = try run(sabotage)
        #expect(report.verdict == .fail)
        let red = Set(report.findings.filter { $0.verdict == .fail }.map(\.check))
        #expect(red.contains(check) && red.isSubset(of: others + [check]), "\(red)")
        #expect(ReportText.render(report).contains("VERDICT FAIL: "))
    }

    @Test func `passes an undo that was expected, quoting its reason`() throws {
        let report = try run(.undoes, expect: "undone")
        #expect(report.verdict == .pass, "\(ReportText.render(report))")
        #expect(ReportText.render(report).contains("the front door says: the new release answered 500"))
    }

    @Test func `is invalid when an order is refused`() throws {
        let report = try run(.none, release: "missing")
        #expect(report.verdict == .invalid)
        #expect(ReportText.render(report).contains("refused: there is no release \"missing\""))
    }
}

/// Enough of XML to see that tags match and text is escaped.
enum XMLLike {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [String] = []
        for part in text.components(separatedBy: "<").dropFirst() {
            guard let end = part.firstIndex(of: ">") else { return false }
            let tag = part[..<end]
            if tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { return false }
            } else {
                open.append(String(tag.prefix { $0 != " " }))
            }
        }
        return open.isEmpty && !text.contains("& ")
    }
}
