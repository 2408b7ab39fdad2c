// Every check turned green and red by hand-made evidence: a check that can't fail proves nothing.

import Administration
import Testing
import Vocabulary

@testable import Verification

struct JudgeTests {
    private let second = Evidence.second

    @Test func `passes a run in which everything is in order`() throws {
        let findings = Judge.findings(try Evidence.orderly())
        #expect(Judge.verdict(of: findings) == .pass)
        #expect(
            findings.filter { $0.verdict == .pass }.map(\.check) == [
                "schedule", "event release", "no_failed_request", "accounted_once", "integrity", "versions", "capacity",
                "acknowledged_writes_readable", "distribution",
            ])
    }

    // MARK: no_failed_request

    @Test(arguments: [Outcome.badStatus, .mismatch, .refused, .reset, .eof, .truncated, .timeout, .malformed, .notSent])
    func `fails on a single failed request`(outcome: Outcome) throws {
        var evidence = try Evidence.orderly()
        evidence.fail(1500, outcome, status: outcome == .badStatus ? 503 : 0)
        let finding = try #require(evidence.finding("no_failed_request"))
        #expect(finding.verdict == .fail)
        #expect(finding.summary.contains("1 of 4,000 requests failed: 1 \(outcome.label)"))
        #expect(finding.details[0].contains("feed-1500 (reads) at 15.000 s: \(outcome.label)"))
    }

    @Test func `excuses a request that may not be repeated and was in flight on a killed instance`() throws {
        // Number 1509 is a write, due at 15.09 s; the ledger says who had it.
        var evidence = try Evidence.orderly()
        let victim = try #require(evidence.balancer?.texts[evidence.balancer!.entries[1509].instance])
        evidence.timeline.events.append(Evidence.kill(victim, at: 15 * second + 90_500_000))
        evidence.fail(1509, .badStatus, status: 502)
        #expect(evidence.finding("no_failed_request")?.verdict == .pass)
        #expect(
            evidence.finding("no_failed_request")?.details == ["1 request in flight on the victim of crash, excused"])

        var other = evidence
        other.timeline.events[1].victim?.name = "app-9"
        #expect(other.finding("no_failed_request")?.verdict == .fail)

        var idempotent = evidence
        idempotent.client.records[1509].isIdempotent = true
        #expect(idempotent.finding("no_failed_request")?.verdict == .fail)

        var later = evidence
        later.timeline.events[1].victim?.ended = 15 * second + 90_010_000
        later.timeline.events[1].begun = 15 * second + 90_000_000
        #expect(later.finding("no_failed_request")?.verdict == .fail, "begun after the victim was gone")
    }

    @Test func `excuses what was in flight on a killed server, but no refused connection`() throws {
        var evidence = try Evidence.orderly()
        evidence.timeline.events.append(Evidence.kill("server", at: 25 * second + 500_000))
        evidence.fail(2500, .eof)
        #expect(evidence.finding("no_failed_request")?.verdict == .pass)
        #expect(evidence.finding("server_kill")?.verdict == .pass)
        evidence.fail(2500, .refused)
        #expect(evidence.finding("no_failed_request")?.verdict == .fail)
        #expect(evidence.finding("server_kill")?.verdict == .fail)
        evidence.fail(2500, .eof)
        evidence.fail(2501, .eof)
        #expect(evidence.finding("no_failed_request")?.verdict == .pass, "begun 10 ms after the kill")
        evidence.fail(2503, .eof)
        #expect(evidence.finding("no_failed_request")?.verdict == .fail, "begun 30 ms after the kill")
    }

    // MARK: accounted_once, integrity, writes

    @Test func `misses a request that the balancer has no line for`() throws {
        var evidence = try Evidence.orderly()
        evidence.balancer!.entries.remove(at: 700)
        #expect(evidence.finding("accounted_once")?.verdict == .fail)
        #expect(
            evidence.finding("accounted_once")?.details == [
                "not in the ledger: feed-700 (reads) at 7.000 s: ok, status 200"
            ])
        evidence.client.records[700].sent = 0
        #expect(evidence.finding("accounted_once")?.verdict == .pass, "never sent")
    }

    @Test func `excuses a missing line only for what was in flight on a killed server`() throws {
        var evidence = try Evidence.orderly()
        evidence.balancer!.entries.remove(at: 2500)
        evidence.timeline.events.append(Evidence.kill("server", at: 25 * second + 500_000))
        #expect(evidence.finding("accounted_once")?.verdict == .pass)
        evidence.balancer!.entries.remove(at: 2400)
        #expect(evidence.finding("accounted_once")?.verdict == .fail)
    }

    @Test func `sees a request that was counted twice, with another status, or never made`() throws {
        var twice = try Evidence.orderly()
        twice.balancer!.entries.append(twice.balancer!.entries[5])
        #expect(twice.finding("accounted_once")?.summary.contains("1 there more than once") == true)
        var other = try Evidence.orderly()
        other.balancer!.entries[5].status = 502
        #expect(other.finding("accounted_once")?.summary.contains("1 with another status") == true)
        var unknown = try Evidence.orderly()
        unknown.balancer!.entries[5].number = 1_000_000
        unknown.balancer!.entries[6].number = nil
        unknown.balancer!.entries[6].isForged = true
        #expect(unknown.finding("accounted_once")?.summary.contains("2 unknown ids") == true)
        var torn = try Evidence.orderly()
        torn.balancer!.unreadableCount = 1
        #expect(torn.finding("accounted_once")?.verdict == .fail)
        torn.timeline.events.append(Evidence.kill("server", at: 25 * second))
        #expect(torn.finding("accounted_once")?.verdict == .pass, "a killed server may leave half a line")
        for evidence in [twice, other, unknown] { #expect(evidence.finding("accounted_once")?.verdict == .fail) }
    }

    @Test func `ignores lines of other clients`() throws {
        var evidence = try Evidence.orderly()
        var foreign = evidence.balancer!.entries[5]
        foreign.number = nil
        evidence.balancer!.entries.append(foreign)
        #expect(evidence.finding("accounted_once")?.verdict == .pass)
    }

    @Test func `sees answers that belong to another request, and answers cut short`() throws {
        var crossed = try Evidence.orderly()
        crossed.client.records[10].isCrossed = true
        #expect(crossed.finding("integrity")?.verdict == .fail)
        var cut = try Evidence.orderly()
        cut.fail(10, .truncated, status: 200)
        #expect(cut.finding("integrity")?.verdict == .fail)
    }

    @Test func `sees a write that is gone, and writes that nobody read`() throws {
        var lost = try Evidence.orderly()
        let number = try #require(lost.client.records.lastIndex { $0.isReadBack })
        lost.fail(number, .badStatus, status: 404)
        #expect(lost.finding("acknowledged_writes_readable")?.verdict == .fail)
        #expect(
            lost.finding("acknowledged_writes_readable")?.summary
                == "writes: 1 of 400 acknowledged writes could not be read back as written")
        var unread = try Evidence.orderly()
        unread.client.records.removeLast()
        #expect(unread.finding("acknowledged_writes_readable")?.verdict == .invalid)
    }

    // MARK: versions

    /// Makes number answer from another instance.
    private func answer(_ evidence: inout Evidence, _ number: Int, from instance: String) {
        evidence.balancer!.entries[number].instance = evidence.balancer!.texts.number(of: instance)
        evidence.balancer!.entries[number].release = evidence.balancer!.texts.number(of: Evidence.release(of: instance))
        evidence.client.records[number].release = evidence.client.texts.number(of: Evidence.release(of: instance))
    }

    @Test func `refuses the old release after the rollout has ended, and the new one before it began`() throws {
        var late = try Evidence.orderly()
        answer(&late, 2001, from: "app-3")
        #expect(late.finding("versions")?.verdict == .fail)
        var early = try Evidence.orderly()
        answer(&early, 1199, from: "app-4")
        #expect(early.finding("versions")?.verdict == .fail)
        #expect(early.finding("versions")?.details[0].contains("answered by v2, which was not live: feed-1199") == true)
        var underWay = try Evidence.orderly()
        answer(&underWay, 1999, from: "app-3")
        underWay.client.records[1999].finished = 21 * second
        #expect(underWay.finding("versions")?.verdict == .pass, "begun before the rollout had ended")
    }

    @Test func `believes neither ledger nor answer when they disagree`() throws {
        var evidence = try Evidence.orderly()
        evidence.client.records[2500].release = evidence.client.texts.number(of: "v1")
        #expect(evidence.finding("versions")?.verdict == .fail)
        #expect(evidence.finding("versions")?.details[0].hasPrefix("the balancer says v2, the answer says v1") == true)
    }

    @Test func `wants everything back on the old release after an undo`() throws {
        var evidence = try Evidence.orderly(events: [Evidence.rollout(.undone, expect: .undone)])
        #expect(evidence.finding("versions")?.verdict == .fail, "v2 answered after the undo")
        #expect(evidence.finding("event release")?.verdict == .fail, "the service still says v2")
        for number in 2000..<4000 { answer(&evidence, number, from: "app-3") }
        for index in evidence.samples.indices { evidence.samples[index].services[0].release = "v1" }
        #expect(evidence.finding("versions")?.verdict == .pass)
        #expect(evidence.finding("event release")?.verdict == .pass)
    }

    @Test func `is not convinced by a rollout after which nobody asked`() throws {
        var evidence = try Evidence.orderly()
        evidence.client.records.removeSubrange(1990...)
        #expect(evidence.finding("versions")?.verdict == .inconclusive)
    }

    // MARK: events

    @Test func `tells a rollout that ended otherwise, with the front door's reason`() throws {
        let undone = try Evidence.orderly(events: [Evidence.rollout(.undone)])
        #expect(undone.finding("event release")?.verdict == .fail)
        #expect(undone.finding("event release")?.details == ["the front door says: because"])
        var stuck = Evidence.rollout(.rolling)
        stuck.done = nil
        stuck.failure = "not done within 60.0 s"
        #expect(try Evidence.orderly(events: [stuck]).finding("event release")?.verdict == .fail)
    }

    @Test func `does not count a kill that no witness saw, nor a refused order`() throws {
        var unseen = Evidence.kill("app-2", at: 5 * second)
        unseen.victim?.ended = nil
        #expect(try Evidence.orderly(events: [unseen]).finding("event crash")?.verdict == .invalid)
        unseen.failure = "not done within 60.0 s"
        #expect(try Evidence.orderly(events: [unseen]).finding("event crash")?.verdict == .invalid)
        var refused = Evidence.rollout(.completed)
        refused.accepted = 0
        refused.failure = "refused: no such release"
        #expect(try Evidence.orderly(events: [refused]).finding("event release")?.verdict == .invalid)
    }

    // MARK: capacity

    @Test func `sees one look with too few ready instances`() throws {
        var evidence = try Evidence.orderly()
        evidence.samples[60].services[0].ready.removeLast()
        #expect(evidence.finding("capacity")?.verdict == .fail)
        #expect(evidence.finding("capacity")?.details == ["at 15.001 s: 2 ready, at least 3 were due"])
        evidence.checks.capacityUnavailable = 1
        #expect(evidence.finding("capacity")?.verdict == .pass, "a rollout may take one away")
        evidence.samples[100].services[0].ready.removeLast()
        #expect(evidence.finding("capacity")?.verdict == .fail, "but only while it lasts")
    }

    @Test func `lets a kill take one away until it is made good`() throws {
        var evidence = try Evidence.orderly()
        evidence.timeline.events.append(Evidence.kill("app-5", at: 25 * second))
        evidence.samples[102].services[0].ready.removeLast()
        #expect(evidence.finding("capacity")?.verdict == .pass)
        evidence.samples[103].services[0].ready.removeLast(2)
        #expect(evidence.finding("capacity")?.verdict == .fail)
    }

    // MARK: distribution

    @Test func `holds round robin to the number of workers, exactly`() throws {
        var evidence = try Evidence.orderly()
        // Two requests moved from one instance to another: a spread of 1 becomes 4.
        let moved = evidence.balancer!.entries.indices.filter { index in
            evidence.balancer!.texts[evidence.balancer!.entries[index].instance] == "app-5" && index > 2000
        }
        for index in moved.prefix(2) {
            let other = evidence.balancer!.texts.number(of: "app-6")
            evidence.balancer!.entries[index].instance = other
            evidence.balancer!.entries[index].tried = [other]
        }
        #expect(evidence.finding("distribution")?.verdict == .fail)
        evidence.workers = 5
        #expect(evidence.finding("distribution")?.verdict == .pass)
    }

    @Test func `sees an instance that was ready and got nothing`() throws {
        var evidence = try Evidence.orderly()
        for index in evidence.samples.indices where evidence.samples[index].revision == 4 {
            evidence.samples[index].services[0].ready.append("app-7")
        }
        #expect(evidence.finding("distribution")?.verdict == .fail)
        #expect(evidence.finding("distribution")?.details[0].contains("app-7 0") == true)
    }

    @Test func `leaves epochs with repeated requests out of the exact count`() throws {
        var evidence = try Evidence.orderly()
        let other = evidence.balancer!.texts.number(of: "app-1")
        for index in 0..<9 {
            evidence.balancer!.entries[index].tried = [other, evidence.balancer!.entries[index].instance]
            evidence.balancer!.entries[index].attempts = 2
        }
        #expect(evidence.finding("distribution")?.verdict == .pass)
        #expect(evidence.finding("distribution")?.summary.contains("1 epoch with retries left out") == true)
    }

    @Test func `counts a request under the table that chose`() throws {
        var evidence = try Evidence.orderly()
        // Chosen by table 1, ended long after table 2 had come.
        evidence.balancer!.entries[1199].time += 3_000_000
        #expect(evidence.finding("distribution")?.verdict == .pass)
        for index in 1197..<1200 { evidence.balancer!.entries[index].revision = 2 }
        #expect(evidence.finding("distribution")?.verdict == .fail, "app-1 is no member of table 2")
    }

    @Test func `counts a request that was sent again for the table that sent it first`() throws {
        var evidence = try Evidence.orderly()
        // Five went to app-1 under table 1, which died; table 2 sent them elsewhere, and the ledger names table 2.
        let victim = evidence.balancer!.texts.number(of: "app-1")
        let indices = (1180..<1200).filter { evidence.balancer!.entries[$0].instance == victim }.prefix(5)
        for index in indices {
            let other = evidence.balancer!.texts.number(of: "app-2")
            evidence.balancer!.entries[index].instance = other
            evidence.balancer!.entries[index].tried = [victim, other]
            evidence.balancer!.entries[index].revision = 2
            evidence.balancer!.entries[index].time = 12_002_000
            evidence.balancer!.entries[index].totalMicroseconds = 12_002_000 - Int64(index) * 10_000
        }
        #expect(evidence.finding("distribution")?.verdict == .pass)
        for index in indices { evidence.balancer!.entries[index].tried.removeFirst() }
        #expect(evidence.finding("distribution")?.verdict == .fail)
    }

    @Test func `starts counting anew after a killed server, and forgives what it took along`() throws {
        var evidence = try Evidence.orderly()
        evidence.timeline.events.append(Evidence.kill("server", at: 30 * second))
        // The new server numbers its tables from 4 again, with other members.
        for index in 3001..<4000 {
            let instance = evidence.balancer!.texts.number(of: index % 2 == 0 ? "app-7" : "app-8")
            evidence.balancer!.entries[index].instance = instance
            evidence.balancer!.entries[index].tried = [instance]
        }
        for index in evidence.samples.indices where evidence.samples[index].asked > 30 * second {
            evidence.samples[index].services[0].ready = ["app-7", "app-8"]
        }
        #expect(evidence.finding("distribution")?.verdict == .pass)
    }

    @Test func `judges other algorithms by equivalence: even, uneven, too little`() throws {
        var evidence = try Evidence.orderly()
        evidence.checks.distribution = CheckList.Distribution(service: "app", expect: .even, tolerance: 0.5)
        #expect(evidence.finding("distribution")?.verdict == .pass)
        evidence.checks.distribution?.tolerance = 0.02
        #expect(evidence.finding("distribution")?.verdict == .inconclusive)
        #expect(evidence.finding("distribution")?.summary.contains("requests would tell") == true)
        evidence.checks.distribution?.tolerance = 0.2
        let favourite = evidence.balancer!.texts.number(of: "app-4")
        for index in 2000..<3000 {
            evidence.balancer!.entries[index].instance = favourite
            evidence.balancer!.entries[index].tried = [favourite]
        }
        #expect(evidence.finding("distribution")?.verdict == .fail)
        evidence.checks.distribution?.service = "nobody"
        #expect(evidence.finding("distribution")?.verdict == .invalid)
    }

    // MARK: latency, gap, schedule, proof

    @Test func `compares latency with the baseline, with its uncertainty`() throws {
        var evidence = try Evidence.orderly()
        let limit = CheckList.Latency(stream: "reads", quantile: 0.99, factor: 2, plus: .milliseconds(1))
        evidence.checks.latency = [limit]
        #expect(evidence.finding("latency")?.verdict == .pass)
        // 0.7 % slow: the 99th percentile may or may not be among them.
        for number in stride(from: 1000, to: 4000, by: 141) where number % 10 != 9 {
            evidence.client.records[number].finished += 50_000_000
        }
        #expect(evidence.finding("latency")?.verdict == .inconclusive)
        for number in stride(from: 1000, to: 4000, by: 11) { evidence.client.records[number].finished += 50_000_000 }
        #expect(evidence.finding("latency")?.verdict == .fail)
    }

    @Test func `finds the longest time without a success`() throws {
        var evidence = try Evidence.orderly()
        evidence.checks.gapMax = .milliseconds(100)
        #expect(evidence.finding("gap")?.verdict == .pass)
        for number in 2500..<2550 { evidence.fail(number, .timeout) }
        #expect(evidence.finding("gap")?.verdict == .fail)
        evidence.client.records[3].begun = 0
        #expect(evidence.finding("gap")?.verdict == .invalid, "the driver was late itself")
        #expect(evidence.finding("gap")?.summary.contains("without a success was 510 ms, from 24.991 s on") == true)
    }

    @Test func `calls a run invalid when the driver was late`() throws {
        var late = try Evidence.orderly()
        for number in 0..<10 { late.client.records[number].begun += 200_000_000 }
        #expect(late.finding("schedule")?.verdict == .invalid)
        var unbegun = try Evidence.orderly()
        unbegun.client.records[3].begun = 0
        #expect(unbegun.finding("schedule")?.verdict == .invalid)
        var empty = try Evidence.orderly()
        empty.client.records = []
        #expect(Judge.verdict(of: Judge.findings(empty)) != .pass)
    }

    @Test func `is inconclusive when the proof is weaker than asked for`() throws {
        // 3,000 requests without a failure: below 6.9 / 3000 at 99.9 %.
        var evidence = try Evidence.orderly()
        evidence.checks.proof = CheckList.Proof(failureRateMax: 0.0024, detectableOutageMax: .milliseconds(210))
        #expect(evidence.finding("proof")?.verdict == .pass)
        #expect(evidence.finding("proof", at: 1)?.verdict == .pass, "6.9 / (100/s · 1/3) = 207 ms")
        evidence.checks.proof = CheckList.Proof(failureRateMax: 0.0022, detectableOutageMax: .milliseconds(200))
        #expect(evidence.finding("proof")?.verdict == .inconclusive)
        #expect(evidence.finding("proof")?.summary.contains("3,137 requests") == true)
        #expect(evidence.finding("proof", at: 1)?.verdict == .inconclusive)
    }

    @Test func `a failure outweighs an invalid run, that an open question, and that a pass`() {
        #expect(Verdict.combined([.pass, .inconclusive, .invalid, .fail]) == .fail)
        #expect(Verdict.combined([.pass, .inconclusive, .invalid]) == .invalid)
        #expect(Verdict.combined([.pass, .inconclusive]) == .inconclusive)
        #expect(Verdict.combined([.pass]) == .pass)
        #expect(Verdict.allCases.map(\.exitCode) == [0, 1, 2, 3])
    }
}
