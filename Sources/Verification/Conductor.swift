// One run from beginning to end, in the order of the report: start the front door, put the load on, carry out the
// events, end the load, read the writes back, read the ledger to its end, stop the front door, judge. Whatever happens,
// the front door it started is stopped. Does, and does not judge.

import Foundation
import Glibc
import Vocabulary

/// Runs one scenario. Confined to the calling thread; load and status have threads of their own.
final class Conductor {
    private static let tickNanoseconds: Int64 = 5_000_000
    /// How long the ledger may lag behind the last answer.
    private static let ledgerPatience: Int64 = 5_000_000_000

    private let scenario: Scenario
    private let options: Verification.Options
    private let seed: UInt64
    private let nonce: String
    private let progress: ProgressLine
    private var timeline = Timeline()
    private var brokenOff: String?

    init(_ scenario: Scenario, options: Verification.Options) {
        self.scenario = scenario
        self.options = options
        seed = options.seed ?? scenario.seed ?? UInt64.random(in: 0...0xffff_ffff)
        // Two runs with one seed must still have different ids: a target may live longer than a run.
        nonce = LoadGenerator.nonce(seed: seed, salt: UInt64.random(in: .min ... .max))
        progress = ProgressLine(name: scenario.name)
    }

    func run() -> RunReport {
        let began = Date()
        progress.say("starting (seed \(seed))")
        let door: FrontDoorRun
        do {
            door = try FrontDoorRun(scenario, options: options, nonce: nonce)
        } catch {
            progress.end()
            let finding = Finding("run", nil, .invalid, error.message)
            return RunReport(
                scenario, seed: seed, nonce: nonce, began: began, target: "", evidence: nil, findings: [finding],
                stateDirectory: nil)
        }
        var evidence = perform(door)
        progress.say("stopping")
        let stop = door.stop()
        progress.say("judging")
        evidence.brokenOff = brokenOff
        var findings = Judge.findings(evidence)
        if let stop { findings.append(Self.finding(about: stop)) }
        let verdict = Judge.verdict(of: findings)
        let keepsState = options.keepsState || verdict != .pass
        if !keepsState { door.removeState() }
        progress.end()
        return RunReport(
            scenario, seed: seed, nonce: nonce, began: began, target: door.url, evidence: evidence, findings: findings,
            stateDirectory: keepsState ? door.stateDirectory : nil)
    }

    /// I15, as far as processes go.
    private static func finding(about stop: FrontDoorRun.Stop) -> Finding {
        let took = Figures.time(nanoseconds: stop.took)
        guard stop.leftovers.isEmpty else {
            return Finding(
                "clean_stop", "I15", .fail,
                "\(Figures.plural(stop.leftovers.count, "process", "processes")) left behind after the front door had "
                    + "ended (\(stop.ending)); now killed", details: stop.leftovers)
        }
        guard stop.isOrderly else {
            return Finding(
                "clean_stop", "I15", .fail, "the front door did not stop in order: \(stop.ending) after \(took)")
        }
        return Finding(
            "clean_stop", "I15", .pass, "the front door stopped in order after \(took) and left no process behind")
    }

    private func perform(_ door: FrontDoorRun) -> Evidence {
        let watcher = door.administration.map(StatusWatcher.init)
        let reader = door.accessLog.map { LedgerReader(path: $0, idPrefix: nonce + "-", skippingExisting: true) }
        // The first look tells the state before anything happened; the judges compare with it.
        while watcher != nil, watcher?.latest == nil, door.isRunning, !Interruption.isRequested {
            DriverClock.sleep(nanoseconds: Self.tickNanoseconds)
        }
        setTimes()
        let generator = LoadGenerator(
            url: door.url, nonce: nonce, seed: seed, streams: scenario.load, start: timeline.start)
        let director = watcher.flatMap { watcher in
            door.administration.map { administration in
                EventDirector(
                    scenario.events, administration: administration, watcher: watcher,
                    random: SeededRandom(seed: seed).split("events"), windowStart: timeline.windowStart)
            }
        }
        conduct(door, generator, director, reader)
        let ledger = generator.join()
        timeline.events = director?.records.filter { $0.begun != 0 } ?? []
        progress.say("reading writes back")
        let complete = readBack(ledger, door)
        progress.say("reading the ledger to its end")
        var evidence = Evidence(
            streams: scenario.load, checks: scenario.checks, client: complete, balancer: nil, timeline: timeline,
            samples: watcher?.stop() ?? [], workers: door.workers)
        if let reader { evidence.balancer = finish(reader, evidence) }
        return evidence
    }

    private func setTimes() {
        // A breath, so that the load's thread is there before its first request is due.
        timeline.start = DriverClock.now + 50_000_000
        timeline.wallOffset = DriverClock.wallOffset
        timeline.baselineStart = timeline.start + scenario.phases.warmup.nanoseconds
        timeline.windowStart = timeline.baselineStart + scenario.phases.baseline.nanoseconds
        timeline.windowEnd = .max
        timeline.end = .max
    }

    private func conduct(
        _ door: FrontDoorRun, _ generator: LoadGenerator, _ director: EventDirector?, _ reader: LedgerReader?
    ) {
        var nextReading = timeline.start
        while DriverClock.now < timeline.end {
            let now = DriverClock.now
            if Interruption.isRequested {
                brokenOff = "interrupted"
            } else if !door.isRunning {
                brokenOff = "the front door ended while it was under load"
            }
            if brokenOff != nil {
                timeline.windowEnd = min(timeline.windowEnd, now)
                timeline.end = now
                break
            }
            if now >= timeline.windowStart, timeline.windowEnd == .max {
                director?.step()
                let leastEnd = timeline.windowStart + scenario.phases.window.nanoseconds
                if director?.isOver ?? true, now >= leastEnd {
                    timeline.windowEnd = max(leastEnd, director?.lastEnd ?? 0)
                    timeline.end = timeline.windowEnd + scenario.phases.settle.nanoseconds
                    generator.end(at: timeline.end)
                }
            }
            if now >= nextReading {
                reader?.readMore()
                nextReading = now + 250_000_000
            }
            progress.show(
                seconds: timeline.seconds(now), phase: phase(now), event: director?.running, generator.progress)
            DriverClock.sleep(nanoseconds: Self.tickNanoseconds)
        }
        generator.end(at: timeline.end)
    }

    private func phase(_ now: Int64) -> Phase {
        if now < timeline.baselineStart { return .warmup }
        if now < timeline.windowStart { return .baseline }
        return now < timeline.windowEnd ? .window : .settle
    }

    private func readBack(_ ledger: ClientLedger, _ door: FrontDoorRun) -> ClientLedger {
        guard scenario.checks.acknowledgedWritesReadable, brokenOff == nil else { return ledger }
        return LoadGenerator.readBack(
            ledger, url: door.url, nonce: nonce, seed: seed, streams: scenario.load, control: LoadControl())
    }

    /// Lines come a little after the answers they are about.
    private func finish(_ reader: LedgerReader, _ evidence: Evidence) -> BalancerLedger {
        let excuses = Excuses(evidence)
        let awaited = evidence.client.records.filter { $0.sent != 0 && !excuses.mayLackLine($0) }
        let deadline = DriverClock.now + Self.ledgerPatience
        while true {
            reader.readMore()
            let index = reader.ledger.index(count: evidence.client.records.count)
            if awaited.allSatisfy({ index[Int($0.number)] != -1 }) || DriverClock.now > deadline { break }
            DriverClock.sleep(nanoseconds: 50_000_000)
        }
        return reader.ledger
    }
}
