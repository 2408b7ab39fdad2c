// Everything a report says, as a value: the same for text, JSON and JUnit. Its field names are the JSON names.

import Administration
import Foundation
import Vocabulary

/// The report of one run.
package struct RunReport: Codable, Sendable {
    package struct Event: Codable, Sendable {
        package var id: String
        /// `scale documents to 5`.
        package var what: String
        /// Since the start of the load.
        package var beganSeconds: Double
        package var doneSeconds: Double?
        package var outcome: String
    }

    package struct Bounds: Codable, Sendable {
        package var warmupSeconds: Double
        package var baselineSeconds: Double
        package var windowSeconds: Double
        package var settleSeconds: Double
    }

    package var scenario: String
    package var file: String
    package var verdict: Verdict
    package var seed: UInt64
    package var nonce: String
    package var startedAt: String
    package var durationSeconds: Double
    /// What the load went to.
    package var target: String
    package var config: String?
    package var phases: Bounds?
    package var events: [Event]
    package var findings: [Finding]
    package var streams: [StreamSummary]
    package var distribution: [InstanceSummary]
    /// Kept for a look at what went wrong; `nil` when it was removed.
    package var stateDirectory: String?

    init(
        _ scenario: Scenario, seed: UInt64, nonce: String, began: Date, target: String, evidence: Evidence?,
        findings: [Finding], stateDirectory: String?
    ) {
        self.scenario = scenario.name
        file = scenario.path
        verdict = Judge.verdict(of: findings)
        self.seed = seed
        self.nonce = nonce
        startedAt = began.formatted(.iso8601)
        durationSeconds = (Date().timeIntervalSince(began) * 10).rounded() / 10
        self.target = target
        if case .frontDoor(let door) = scenario.subject { config = door.config }
        self.findings = findings
        self.stateDirectory = stateDirectory
        events = evidence?.timeline.events.map { Self.event($0, evidence!.timeline) } ?? []
        streams = evidence.map(StreamSummary.all) ?? []
        distribution = evidence.map(InstanceSummary.all) ?? []
        phases = evidence.map { evidence in
            let timeline = evidence.timeline
            func length(_ from: Int64, _ to: Int64) -> Double { Double(max(0, min(to, timeline.end) - from)) / 1e9 }
            return Bounds(
                warmupSeconds: length(timeline.start, timeline.baselineStart),
                baselineSeconds: length(timeline.baselineStart, timeline.windowStart),
                windowSeconds: length(timeline.windowStart, timeline.windowEnd),
                settleSeconds: length(timeline.windowEnd, timeline.end))
        }
    }

    private static func event(_ record: EventRecord, _ timeline: Timeline) -> Event {
        let what: String
        switch record.event.order {
        case .scale(let service, let count): what = "scale \(service) from \(record.readyBefore) to \(count)"
        case .kill(let service, _, let signal):
            what = "SIG\(signal.rawValue) to \(record.victim?.name ?? "an instance of \(service)")"
        case .killServer: what = "SIGKILL to the server process"
        case .rollout(let service, let release, _):
            what = "rollout of \(service) \(record.rollout.map { "from \($0.from) " } ?? "")to \(release)"
        }
        let outcome = record.failure ?? record.rollout?.state.rawValue ?? (record.done == nil ? "not done" : "done")
        return Event(
            id: record.event.id, what: what, beganSeconds: timeline.seconds(record.begun),
            doneSeconds: record.done.map(timeline.seconds), outcome: outcome)
    }
}
