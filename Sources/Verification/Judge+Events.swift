// Whether the events took place: orders accepted, faults seen by a witness, rollouts ended as expected (I13), and a
// rollout that was undone gone back wholly (I10).

import Administration

extension Judge {
    static func events(_ evidence: Evidence) -> [Finding] {
        evidence.timeline.events.map { record in
            let finding = outcome(of: record, evidence)
            guard let failure = record.failure else { return finding }
            // An order that was refused is a misuse or a broken front door, and a fault that nobody saw take effect is
            // none; what was not done in time failed.
            guard record.accepted != 0 else { return Finding("event \(record.event.id)", nil, .invalid, failure) }
            let verdict: Verdict = finding.verdict == .invalid ? .invalid : .fail
            return Finding("event \(record.event.id)", nil, verdict, failure, details: [finding.summary])
        }
    }

    private static func outcome(of record: EventRecord, _ evidence: Evidence) -> Finding {
        let name = "event \(record.event.id)"
        let took = record.done.map { " in \(Figures.time(nanoseconds: $0 - record.begun))" } ?? ", not done"
        switch record.event.order {
        case .scale(let service, let count):
            return Finding(
                name, nil, .pass, "\(service) scaled from \(record.readyBefore) to \(count) ready instances\(took)")
        case .kill(_, _, let signal):
            return kill(name, record, "SIG\(signal.rawValue)", took: took)
        case .killServer:
            return kill(name, record, "SIGKILL", took: took)
        case .rollout(let service, let release, let expect):
            return rollout(name, record, service: service, release: release, expect: expect, evidence)
        }
    }

    private static func kill(_ name: String, _ record: EventRecord, _ signal: String, took: String) -> Finding {
        guard let victim = record.victim else { return Finding(name, nil, .invalid, "there was nothing to kill") }
        guard let ended = victim.ended else {
            return Finding(
                name, nil, .invalid, "\(signal) to \(victim.name) (pid \(victim.pid)), but nobody saw it end")
        }
        let after = Figures.time(nanoseconds: max(0, ended - record.begun))
        return Finding(
            name, nil, .pass,
            "\(signal) to \(victim.name) (pid \(victim.pid)), gone after \(after), full strength again\(took)")
    }

    private static func rollout(
        _ name: String, _ record: EventRecord, service: String, release: String, expect: ScenarioEvent.Outcome,
        _ evidence: Evidence
    ) -> Finding {
        guard let report = record.rollout, report.state.isFinal else {
            return Finding(name, "I13", .fail, "the rollout of \(service) to \(release) has not ended")
        }
        let length = Figures.time(nanoseconds: (record.done ?? record.begun) - record.begun)
        let end = "rollout of \(service) from \(report.from) to \(report.to) \(report.state.rawValue) after \(length)"
        let reason = "the front door says: \(report.reason)"
        let isAsExpected = report.state.rawValue == expect.rawValue
        guard isAsExpected else {
            return Finding(name, "I13", .fail, "\(end); expected: \(expect.rawValue)", details: [reason])
        }
        if expect == .undone, let service = evidence.samples.last?.service(service), service.release != report.from {
            return Finding(
                name, "I10", .fail, "\(end), but its release is \(service.release ?? "none") and not \(report.from)",
                details: [reason])
        }
        return Finding(name, "I13", .pass, end, details: [reason])
    }
}
