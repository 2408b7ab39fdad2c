// A supervisor that carries nothing out: it remembers what it was told and answers what it is asked.

import Administration
import Synchronization
import Vocabulary

/// Answers for one service, `documents`, and refuses what the test says.
final class FakeAdministrator: Administrator {
    private struct State {
        var orders: [String] = []
        var refusal: AdministrationError?
        var rollout: RolloutReport?
    }

    private let state = Mutex(State())

    /// The orders in the order they came.
    var orders: [String] { state.withLock { $0.orders } }

    /// From now on orders are refused with `error`.
    func refuse(with error: AdministrationError) {
        state.withLock { $0.refusal = error }
    }

    private func take(_ order: String) throws(AdministrationError) {
        let refusal = state.withLock { state in
            state.orders.append(order)
            return state.refusal
        }
        if let refusal { throw refusal }
    }

    static let rollout = RolloutReport(
        number: 1, from: "v1", to: "v2", state: .rolling, reason: "waits for documents-4", startedAt: "s", endedAt: nil,
        replaced: 1, desired: 3)

    static let service = ServiceReport(
        name: "documents", balance: "round_robin", instancesMin: 3, instancesMax: 5, instancesDesired: 3,
        scalingReason: nil, release: "v1", rollout: nil, requestsInFlight: 1, requestsHeld: 0, requestsTotal: 10,
        responses5xx: 0, backends: [])

    static let report = StatusReport(
        version: "0.1.0", serverPID: 12, keeperPID: 11, startedAt: "s", serverStarts: 1, stateDirectory: "/state",
        accessLog: "/state/access.log", engine: "epoll",
        engineReason: "asked for with --engine", workers: 2, revision: 3, ready: true, listeners: [],
        services: [service], shares: [])

    func status() async -> StatusReport { Self.report }

    func events(count: Int) async -> [EventReport] {
        (0..<min(count, 3)).map {
            EventReport(
                time: "\($0)", kind: "scaled", service: "documents", instance: nil, release: nil, message: "é \"\($0)\""
            )
        }
    }

    func scale(_ order: ScaleOrder, service: ServiceName) async throws(AdministrationError) -> ServiceReport {
        try take("scale \(service) \(order.min) \(order.max)")
        return Self.service
    }

    func startRollout(
        _ order: RolloutOrder, service: ServiceName
    ) async throws(AdministrationError) -> RolloutReport {
        try take("start \(service) \(order.release) \(order.strategy)")
        state.withLock { $0.rollout = Self.rollout }
        return Self.rollout
    }

    func pauseRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try take("pause \(service)")
        return Self.rollout
    }

    func resumeRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try take("resume \(service)")
        return Self.rollout
    }

    func undoRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try take("undo \(service)")
        return Self.rollout
    }

    func rollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport? {
        state.withLock { $0.rollout }
    }

    func rolloutHistory(service: ServiceName) async throws(AdministrationError) -> [RolloutReport] {
        state.withLock { $0.rollout.map { [$0] } ?? [] }
    }

    func reload() async throws(AdministrationError) -> ReloadReport {
        try take("reload")
        return ReloadReport(changes: ["services.documents.health.interval: 2s -> 5s"], revision: 4)
    }

    func stop() async {
        state.withLock { $0.orders.append("stop") }
    }
}
