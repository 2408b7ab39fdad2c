// Carries out the events of a scenario: begins each when its time has come, watches the status until it is done, gives
// up on it after its deadline. Stepped by the conductor; gives orders, judges nothing.

import Administration
import Glibc
import Vocabulary

/// The events of one run. Confined to the conductor's thread.
final class EventDirector {
    private enum Stage {
        case waiting
        case running
        case over
    }

    private let administration: any FrontDoorAdministration
    private let watcher: StatusWatcher
    private var random: SeededRandom
    private let windowStart: Int64
    private var stages: [Stage]
    private var witnesses: [Int: ProcessWitness] = [:]
    private var rolloutNumbers: [Int: Int] = [:]
    private var servedBefore: [Int: [String: Int]] = [:]
    /// In the order of the scenario.
    private(set) var records: [EventRecord]

    init(
        _ events: [ScenarioEvent], administration: any FrontDoorAdministration, watcher: StatusWatcher,
        random: SeededRandom, windowStart: Int64
    ) {
        self.administration = administration
        self.watcher = watcher
        self.random = random
        self.windowStart = windowStart
        stages = Array(repeating: .waiting, count: events.count)
        records = events.map { EventRecord(event: $0, begun: 0) }
    }

    var isOver: Bool { stages.allSatisfy { $0 == .over } }

    /// When the last event was done, or given up.
    private(set) var lastEnd: Int64 = 0

    /// For the progress line: what is under way.
    var running: String? {
        records.indices.first { stages[$0] == .running }.map { index in
            guard case .rollout(let service, let release, _) = records[index].event.order else {
                return records[index].event.id
            }
            let report = watcher.latest?.report.services.first { $0.name == service }?.rollout
            let progress = report.map { " \($0.state.rawValue) \($0.replaced)/\($0.desired)" } ?? ""
            return "\(records[index].event.id): \(release)\(progress)"
        }
    }

    /// Begins what is due and looks after what is under way.
    func step() {
        for index in records.indices {
            switch stages[index] {
            case .waiting: beginIfDue(index)
            case .running: lookAfter(index)
            case .over: break
            }
        }
    }

    private func end(_ index: Int, failure: String? = nil) {
        stages[index] = .over
        records[index].failure = failure
        lastEnd = max(lastEnd, DriverClock.now)
    }

    private func beginIfDue(_ index: Int) {
        let due: Int64
        switch records[index].event.start {
        case .baseline(let offset): due = windowStart + offset.nanoseconds
        case .after(let id, let wait):
            guard let other = records.firstIndex(where: { $0.event.id == id }), stages[other] == .over else { return }
            guard let done = records[other].done else {
                records[index].begun = DriverClock.now
                return end(index, failure: "not carried out: it comes after \(id), which was not done")
            }
            due = done + wait.nanoseconds
        }
        guard DriverClock.now >= due else { return }
        stages[index] = .running
        begin(index)
    }

    private func begin(_ index: Int) {
        let order = records[index].event.order
        do {
            let status = try administration.status()
            if let service = order.service {
                guard let report = status.services.first(where: { $0.name == service }) else {
                    let names = status.services.map(\.name).joined(separator: ", ")
                    records[index].begun = DriverClock.now
                    return end(index, failure: "there is no service \"\(service)\"; there are \(names)")
                }
                records[index].readyBefore = report.backends.count { $0.phase == "ready" }
            }
            records[index].begun = DriverClock.now
            switch order {
            case .scale(let service, let count):
                try administration.scale(service, to: count)
            case .rollout(let service, let release, _):
                rolloutNumbers[index] = try administration.startRollout(service, release: release).number
            case .kill(let service, let pick, let signal):
                guard let victim = victim(of: pick, service: service, status) else {
                    return end(index, failure: "there is no ready instance of \(service) to kill")
                }
                guard kill(index, victim.name, victim.pid, signal.number) else { return }
            case .killServer:
                servedBefore[index] = Self.ready(status)
                guard kill(index, "server", status.serverPID, SIGKILL) else { return }
            }
            records[index].accepted = DriverClock.now
        } catch {
            if records[index].begun == 0 { records[index].begun = DriverClock.now }
            end(index, failure: "refused: \(error.message)")
        }
    }

    private static func ready(_ status: StatusReport) -> [String: Int] {
        Dictionary(status.services.map { ($0.name, $0.backends.count { $0.phase == "ready" }) }) { $1 }
    }

    private func victim(
        of pick: ScenarioEvent.Pick, service: String, _ status: StatusReport
    ) -> (name: String, pid: Int32)? {
        let backends = status.services.first { $0.name == service }?.backends ?? []
        var candidates = backends.filter { $0.phase == "ready" && $0.pid != nil }
        candidates.sort { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
        let chosen: BackendReport?
        switch pick {
        case .oldest: chosen = candidates.first
        case .newest: chosen = candidates.last
        case .any: chosen = candidates.randomElement(using: &random)
        case .release(let release): chosen = candidates.filter { $0.release == release }.randomElement(using: &random)
        }
        return chosen.map { ($0.name, $0.pid!) }
    }

    private func kill(_ index: Int, _ name: String, _ pid: Int32, _ signal: CInt) -> Bool {
        records[index].victim = EventRecord.Victim(name: name, pid: pid)
        guard let witness = ProcessWitness(pid: pid) else {
            end(index, failure: "\(name) (pid \(pid)) is not there any more")
            return false
        }
        witnesses[index] = witness
        records[index].begun = DriverClock.now
        guard Glibc.kill(pid, signal) == 0 else {
            end(index, failure: "\(name) (pid \(pid)) can't be signalled: \(String(cString: strerror(errno)))")
            return false
        }
        // The moment of death is what excuses requests, so it is worth looking closely.
        witness.look(milliseconds: 200)
        records[index].victim?.ended = witness.ended
        return true
    }

    private func lookAfter(_ index: Int) {
        let record = records[index]
        if let witness = witnesses[index], witness.ended == nil {
            witness.look(milliseconds: 0)
            records[index].victim?.ended = witness.ended
        }
        if let look = watcher.latest, look.asked > max(record.accepted, records[index].victim?.ended ?? 0),
            isDone(index, look.report)
        {
            records[index].done = look.answered
            return end(index)
        }
        if DriverClock.now > record.begun + record.event.within.nanoseconds {
            end(index, failure: "not done within \(Figures.time(nanoseconds: record.event.within.nanoseconds))")
        }
    }

    private func isDone(_ index: Int, _ status: StatusReport) -> Bool {
        let record = records[index]
        let service = status.services.first { $0.name == record.event.order.service }
        switch record.event.order {
        case .scale(_, let count):
            guard let service else { return false }
            return service.backends.count == count && service.backends.allSatisfy { $0.phase == "ready" }
        case .kill:
            guard let service, let victim = record.victim, victim.ended != nil else { return false }
            let ready = service.backends.filter { $0.phase == "ready" }
            return ready.count >= record.readyBefore && !ready.contains { $0.pid == victim.pid }
        case .rollout:
            guard let report = service?.rollout, report.number == rolloutNumbers[index], report.state.isFinal else {
                return false
            }
            records[index].rollout = report
            return true
        case .killServer:
            guard let victim = record.victim, victim.ended != nil, status.serverPID != victim.pid, status.ready else {
                return false
            }
            let now = Self.ready(status)
            return (servedBefore[index] ?? [:]).allSatisfy { now[$0.key, default: 0] >= $0.value }
        }
    }
}

extension ScenarioEvent.Signal {
    fileprivate var number: CInt {
        switch self {
        case .kill: SIGKILL
        case .term: SIGTERM
        case .abort: SIGABRT
        case .segfault: SIGSEGV
        }
    }
}
