// A run written by hand in which everything is in order: 100 requests a second for 40 s, a rollout from v1 to v2 between
// 12 s and 20 s on three instances, round robin by two workers. Tests spoil one thing each.

import Administration
import Vocabulary

@testable import Verification

extension Evidence {
    static let second: Int64 = 1_000_000_000

    /// Revision, until when, who is ready. Names tell the release: up to app-3 it is v1.
    static let epochs: [(revision: UInt64, until: Int64, ready: [String])] = [
        (1, 12 * second, ["app-1", "app-2", "app-3"]), (2, 16 * second, ["app-2", "app-3", "app-4"]),
        (3, 20 * second, ["app-3", "app-4", "app-5"]), (4, .max, ["app-4", "app-5", "app-6"]),
    ]

    static func release(of instance: String) -> String { instance <= "app-3" ? "v1" : "v2" }

    static func stream(_ name: String, method: String, readsBack: Bool) throws -> LoadStream {
        let readBack = readsBack ? "\n    read_back: { path: '/x/{seq}' }" : ""
        let text = """
            version: 1
            name: t
            target: http://127.0.0.1:1
            load:
              - name: \(name)
                http: { method: \(method), path: /x }
                arrival: { rate: 100/s }\(readBack)
            """
        return try ScenarioReader.read(text, path: "t.yaml").load[0]
    }

    /// Made once: building it costs more than judging it.
    private static let prepared = Result { try make() }

    static func orderly(events: [EventRecord]? = nil) throws -> Evidence {
        var evidence = try prepared.get()
        if let events { evidence.timeline.events = events }
        return evidence
    }

    private static func make() throws -> Evidence {
        var timeline = Timeline()
        timeline.baselineStart = 2 * second
        timeline.windowStart = 10 * second
        timeline.windowEnd = 30 * second
        timeline.end = 40 * second
        timeline.events = [rollout(.completed)]
        var client = ClientLedger(idPrefix: "feed-")
        var balancer = BalancerLedger()
        let app = balancer.texts.number(of: "app")
        var turns: [UInt64: Int] = [:]
        for number in 0..<4000 {
            var record = Self.record(number, at: Int64(number) * 10_000_000)
            let epoch = epochs.first { record.intended < $0.until }!
            let turn = turns[epoch.revision, default: 0]
            turns[epoch.revision] = turn + 1
            let instance = epoch.ready[turn % epoch.ready.count]
            record.release = client.texts.number(of: release(of: instance))
            client.records.append(record)
            var entry = entry(for: record, revision: epoch.revision)
            entry.service = app
            entry.instance = balancer.texts.number(of: instance)
            entry.release = balancer.texts.number(of: release(of: instance))
            entry.tried = [entry.instance]
            balancer.entries.append(entry)
        }
        for write in client.records where write.stream == 1 {
            var read = Self.record(client.records.count, at: 41 * second)
            read.isReadBack = true
            read.isIdempotent = true
            read.stream = 1
            read.sequence = write.sequence
            client.records.append(read)
            balancer.entries.append(entry(for: read, revision: 4))
        }
        let samples = stride(from: Int64(0), through: 40 * second, by: Int(second / 4)).map { at in
            let epoch = epochs.first { at < $0.until }!
            let service = StatusSample.Service(
                name: "app", balance: "round_robin", ready: epoch.ready, total: 3, instancesMin: 3, desired: 3,
                release: at < 20 * second ? "v1" : "v2")
            return StatusSample(asked: at, answered: at + 1_000_000, revision: epoch.revision, services: [service])
        }
        return Evidence(
            streams: [
                try stream("reads", method: "GET", readsBack: false),
                try stream("writes", method: "POST", readsBack: true),
            ], checks: CheckList(), client: client, balancer: balancer, timeline: timeline, samples: samples, workers: 2
        )
    }

    private static func record(_ number: Int, at due: Int64) -> RequestRecord {
        let isWrite = number % 10 == 9
        var record = RequestRecord(
            number: UInt64(number), sequence: UInt64(number), stream: isWrite ? 1 : 0, intended: due)
        record.isIdempotent = !isWrite
        record.begun = due + 50_000
        record.sent = due + 100_000
        record.firstByte = due + 900_000
        record.finished = due + 1_000_000
        record.outcome = .ok
        record.status = 200
        return record
    }

    private static func entry(for record: RequestRecord, revision: UInt64) -> BalancerEntry {
        var entry = BalancerEntry()
        entry.number = record.number
        entry.status = record.status
        entry.attempts = 1
        entry.time = record.finished / 1000
        entry.totalMicroseconds = 800
        entry.revision = revision
        return entry
    }

    static func rollout(_ state: RolloutReport.State, expect: ScenarioEvent.Outcome = .completed) -> EventRecord {
        let order = ScenarioEvent.Order.rollout(service: "app", release: "v2", expect: expect)
        var record = EventRecord(
            event: ScenarioEvent(id: "release", start: .baseline(.seconds(2)), order: order, within: .seconds(60)),
            begun: 12 * second)
        record.accepted = 12 * second + 1000
        record.done = 20 * second
        record.readyBefore = 3
        record.rollout = RolloutReport(
            number: 1, from: "v1", to: "v2", state: state, reason: "because", startedAt: "", endedAt: "", replaced: 3,
            desired: 3)
        return record
    }

    /// SIGKILL between `at` and `at` + 2 ms, made good after two seconds.
    static func kill(_ victim: String, at: Int64) -> EventRecord {
        let order: ScenarioEvent.Order =
            victim == "server" ? .killServer : .kill(service: "app", pick: .any, signal: .kill)
        var record = EventRecord(
            event: ScenarioEvent(id: "crash", start: .baseline(.zero), order: order, within: .seconds(60)), begun: at)
        record.accepted = at + 2_000_000
        record.done = at + 2 * second
        record.readyBefore = 3
        record.victim = EventRecord.Victim(name: victim, pid: 4711, ended: at + 2_000_000)
        return record
    }

    /// Makes a request fail, and its line in the ledger with it.
    mutating func fail(_ number: Int, _ outcome: Outcome, status: UInt16 = 0) {
        client.records[number].outcome = outcome
        client.records[number].status = status
        balancer?.entries[number].status = status
    }

    /// The finding of one check; the only one, or the one at `index`.
    func finding(_ check: String, at index: Int = 0) -> Finding? {
        let found = Judge.findings(self).filter { $0.check == check }
        return index < found.count ? found[index] : nil
    }
}
