// A front door on a stage: answers, logs and administers like a real one, in this process, and misbehaves on request.
// Its instances are sleeping processes, so that they can be killed for real.

import Administration
import Foundation
import Glibc
import Synchronization

@testable import Verification

final class StagedFrontDoor: FrontDoorAdministration, Sendable {
    /// What it does wrong.
    enum Sabotage: Sendable {
        case none
        /// Forgets to log every 50th request.
        case dropsLines
        case logsTwice
        /// Answers with another request's id now and then.
        case crossesAnswers
        case answers500
        /// Sends every 10th request out of turn to the first instance.
        case isUneven
        /// Goes on using the old release after a rollout.
        case keepsOldRelease
        /// Undoes every rollout.
        case undoes
        /// Forgets every 20th write.
        case losesWrites
    }

    private struct Instance {
        var name: String
        var release: String
        var process: ChildProcess
    }

    private struct State {
        var instances: [Instance] = []
        var nextOrdinal = 1
        var revision: UInt64 = 1
        var turn = 0
        var count = 0
        var desired = 2
        var release = "v1"
        var rollout: RolloutReport?
        var stored: [String: String] = [:]
        var lastID = ""
    }

    private let state = Mutex(State())
    private let sabotage: Sabotage
    let directory: String
    private let log: CInt

    init(_ sabotage: Sabotage = .none) throws {
        self.sabotage = sabotage
        var template = Array("/tmp/portico-staged-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        log = open(directory + "/access.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try state.withLock { state in
            for _ in 0..<2 { try Self.add(&state, release: "v1", directory) }
        }
    }

    /// Ends the instances and removes the directory. Nothing may be asked of it afterwards.
    func close() {
        state.withLock { state in
            for instance in state.instances { Self.end(instance) }
            state.instances = []
        }
        Glibc.close(log)
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func end(_ instance: Instance) {
        instance.process.signal(SIGKILL)
        _ = instance.process.waitForEnd(nanoseconds: 10_000_000_000)
    }

    private static func add(_ state: inout State, release: String, _ directory: String) throws {
        let process = try ChildProcess(["/bin/sleep", "1000"], environment: [:], logFile: directory + "/log")
        state.instances.append(Instance(name: "app-\(state.nextOrdinal)", release: release, process: process))
        state.nextOrdinal += 1
        state.revision += 1
    }

    private static func removeFirst(_ state: inout State) {
        end(state.instances.removeFirst())
        state.revision += 1
    }

    // MARK: traffic

    func reply(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        state.withLock { state in
            replaceDead(&state)
            state.count += 1
            state.turn += 1
            let isOutOfTurn = sabotage == .isUneven && state.count % 10 == 0
            let instance = state.instances[isOutOfTurn ? 0 : state.turn % state.instances.count]
            var status = sabotage == .answers500 && state.count % 100 == 0 ? 500 : 200
            var body = ""
            if request.method == "PUT" {
                if sabotage != .losesWrites || state.count % 20 != 0 { state.stored[request.path] = request.body }
            } else if request.path.hasPrefix("/kept/") {
                body = state.stored[request.path] ?? ""
                if body.isEmpty { status = 404 }
            }
            let line =
                #"{"time":"\#(Self.time())","id":"\#(request.id)","listener":"web","service":"app","instance":"#
                + #""\#(instance.name)","release":"\#(instance.release)","status":\#(status),"total_us":10,"attempts":1,"#
                + #""tried":["\#(instance.name)"],"reason":null,"revision":\#(state.revision)}"# + "\n"
            if sabotage != .dropsLines || state.count % 50 != 0 { Self.append(line, log) }
            if sabotage == .logsTwice, state.count % 50 == 0 { Self.append(line, log) }
            let id = sabotage == .crossesAnswers && state.count % 50 == 0 ? state.lastID : request.id
            state.lastID = request.id
            return .answer(status, headers: ["X-Request-Id": id, "X-Release": instance.release], body: body)
        }
    }

    private static func append(_ line: String, _ log: CInt) { _ = write(log, line, line.utf8.count) }

    private static func time() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour, parts.tm_min, parts.tm_sec, time.tv_nsec / 1000)
    }

    private func replaceDead(_ state: inout State) {
        for index in state.instances.indices.reversed() where !state.instances[index].process.isRunning {
            let release = state.instances.remove(at: index).release
            state.revision += 1
            try? Self.add(&state, release: release, directory)
        }
    }

    // MARK: administration

    func status() throws(AdministrationError) -> StatusReport {
        state.withLock { state in
            replaceDead(&state)
            let backends = state.instances.map { instance in
                BackendReport(
                    name: instance.name, address: "", pid: instance.process.pid, release: instance.release,
                    phase: "ready",
                    health: nil, uptimeSeconds: 1, requestsInFlight: 0, requestsTotal: 0, responses5xx: 0,
                    connectFailures: 0, logFile: nil)
            }
            let service = ServiceReport(
                name: "app", balance: "round_robin", instancesMin: state.desired, instancesMax: state.desired,
                instancesDesired: state.desired, scalingReason: nil, release: state.release, rollout: state.rollout,
                requestsInFlight: 0, requestsHeld: 0, requestsTotal: 0, responses5xx: 0, backends: backends)
            return StatusReport(
                version: "0", serverPID: 0, keeperPID: 0, startedAt: "", serverStarts: 1, stateDirectory: directory,
                accessLog: directory + "/access.log", engine: "staged", engineReason: "a test", workers: 1,
                revision: state.revision,
                ready: true,
                listeners: [], services: [service], shares: [])
        }
    }

    func scale(_ service: String, to count: Int) throws(AdministrationError) {
        state.withLock { state in
            state.desired = count
            while state.instances.count < count { try? Self.add(&state, release: state.release, directory) }
            while state.instances.count > count { Self.removeFirst(&state) }
        }
    }

    func startRollout(_ service: String, release: String) throws(AdministrationError) -> RolloutReport {
        guard release != "missing" else {
            throw AdministrationError(code: .notFound, message: "there is no release \"missing\"")
        }
        return state.withLock { state in
            let isUndone = sabotage == .undoes
            var report = RolloutReport(
                number: 1, from: state.release, to: release, state: isUndone ? .undone : .completed,
                reason: isUndone ? "the new release answered 500" : "every instance was replaced", startedAt: "",
                endedAt: "", replaced: 2, desired: 2)
            if !isUndone, sabotage != .keepsOldRelease {
                for _ in state.instances {
                    try? Self.add(&state, release: release, directory)
                    Self.removeFirst(&state)
                }
            }
            if !isUndone { state.release = release }
            report.number = (state.rollout?.number ?? 0) + 1
            state.rollout = report
            return report
        }
    }

    func stop() throws(AdministrationError) {}
}
