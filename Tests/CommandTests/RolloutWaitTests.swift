// Waiting for a rollout against an admin server that plays a script of answers.

import Administration
import Control
import Foundation
import Synchronization
import Testing
import Vocabulary

@testable import portico

@Suite(.timeLimit(.minutes(1)))
struct RolloutWaitTests {
    /// Answers `rollout` from a list, the last answer again and again.
    private final class Script: Administrator {
        private let answers: Mutex<[RolloutReport?]>
        private let history: [RolloutReport]

        init(_ answers: [RolloutReport?], history: [RolloutReport] = []) {
            self.answers = Mutex(answers)
            self.history = history
        }

        func rollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport? {
            answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }

        func rolloutHistory(service: ServiceName) async throws(AdministrationError) -> [RolloutReport] { history }

        func status() async -> StatusReport {
            StatusReport(
                version: "", serverPID: 0, keeperPID: 0, startedAt: "", serverStarts: 1, stateDirectory: "",
                accessLog: nil, engine: "", engineReason: "", workers: 1, revision: 0, ready: true, listeners: [],
                services: [
                    ServiceReport(
                        name: "shop", balance: "", instancesMin: nil, instancesMax: nil, instancesDesired: nil,
                        scalingReason: nil, release: nil, rollout: nil, requestsInFlight: 0, requestsHeld: 0,
                        requestsTotal: 0, responses5xx: 0, backends: [])
                ], shares: [])
        }

        private var unexpected: AdministrationError {
            AdministrationError(code: .conflict, message: "not in the script")
        }

        func events(count: Int) async -> [EventReport] { [] }
        func stop() async {}
        func reload() async throws(AdministrationError) -> ReloadReport { throw unexpected }
        func scale(_: ScaleOrder, service: ServiceName) async throws(AdministrationError) -> ServiceReport {
            throw unexpected
        }
        func startRollout(_: RolloutOrder, service: ServiceName) async throws(AdministrationError) -> RolloutReport {
            throw unexpected
        }
        func pauseRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport { throw unexpected }
        func resumeRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport { throw unexpected }
        func undoRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport { throw unexpected }
    }

    private static func report(_ number: Int, _ state: RolloutReport.State, replaced: Int = 0) -> RolloutReport {
        RolloutReport(
            number: number, from: "v1", to: "v2", state: state, reason: "", startedAt: "", endedAt: nil,
            replaced: replaced, desired: 3)
    }

    /// The rollout that the wait ends with, and the lines it showed.
    private func outcome(
        of script: Script, from rollout: RolloutReport
    ) async throws -> (last: RolloutReport, shown: [String]) {
        let socket = "/tmp/portico-\(UUID().uuidString.prefix(8)).sock"
        let (listening, announce) = AsyncStream.makeStream(of: Void.self)
        let server = Task {
            defer { announce.finish() }
            try await AdminServer(socket: socket, administrator: script).run { announce.yield() }
        }
        for await _ in listening { break }
        let result = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        var lines: [String] = []
                        let wait = RolloutWait(
                            client: AdminClient(socket: socket), service: ServiceName("shop"), pause: {})
                        let last = try wait.wait(for: rollout) { lines.append($0) }
                        return (last, lines)
                    })
            }
        }
        server.cancel()
        try await server.value
        return result
    }

    @Test func `shows each change once and ends with the final state`() async throws {
        let rolling = Self.report(1, .rolling)
        let script = Script([rolling, rolling, Self.report(1, .rolling, replaced: 2), Self.report(1, .completed)])
        let (last, shown) = try await outcome(of: script, from: rolling)
        #expect(last.state == .completed)
        #expect(
            shown == [
                "shop: rollout 1, v1 -> v2: rolling, 0 of 3 replaced",
                "shop: rollout 1, v1 -> v2: rolling, 2 of 3 replaced",
            ])
    }

    @Test func `an undone rollout is what it is`() async throws {
        let script = Script([Self.report(1, .undoing), Self.report(1, .undone)])
        let (last, shown) = try await outcome(of: script, from: Self.report(1, .rolling))
        #expect(last.state == .undone)
        #expect(shown.count == 2)
    }

    @Test func `follows its own rollout when a later one has begun`() async throws {
        let script = Script([Self.report(2, .rolling)], history: [Self.report(1, .failed), Self.report(2, .rolling)])
        let (last, _) = try await outcome(of: script, from: Self.report(1, .rolling))
        #expect(last == Self.report(1, .failed))
    }

    @Test func `does not wait for what is over`() throws {
        let wait = RolloutWait(client: AdminClient(socket: "/nonexistent"), service: ServiceName("shop"), pause: {})
        let last = try wait.wait(for: Self.report(1, .completed)) { _ in Issue.record("nothing to show") }
        #expect(last.state == .completed)
    }
}
