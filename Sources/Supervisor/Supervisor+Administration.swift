// An operator's orders, as the admin API brings them.

import Administration
import Fleet
import Foundation
import Kernel
import Rollouts
import Scaling
import Settings
import Telemetry
import Vocabulary

extension Supervisor: Administrator {
    package func events(count: Int) async -> [EventReport] {
        surroundings.events.newest(count)
    }

    package func scale(
        _ order: ScaleOrder, service: ServiceName
    ) async throws(AdministrationError) -> ServiceReport {
        guard let bounds = ScalingBounds(min: order.min, max: order.max) else {
            throw AdministrationError(
                code: .invalid, message: "can't keep between \(order.min) and \(order.max) instances",
                hint: "give a number, or a range like 2..8 whose first number is not the larger one")
        }
        try obey(.scale(bounds), service: service)
        surroundings.events.record(.scaleBoundsSet, service: service, message: "by order: \(bounds) instances")
        return report(of: settings.service(service)!)
    }

    package func startRollout(
        _ order: RolloutOrder, service: ServiceName
    ) async throws(AdministrationError) -> RolloutReport {
        guard order.strategy == "rolling" else {
            throw AdministrationError(
                code: .invalid, message: "there is no strategy `\(order.strategy)`",
                hint: "`rolling` is the only one today")
        }
        let release = ReleaseName(order.release)
        try checkRelease(release, of: service)
        return try rolloutAfter(.startRollout(release), service: service)
    }

    package func pauseRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try rolloutAfter(.pauseRollout, service: service)
    }

    package func resumeRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try rolloutAfter(.resumeRollout, service: service)
    }

    package func undoRollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport {
        try rolloutAfter(.undoRollout, service: service)
    }

    package func rollout(service: ServiceName) async throws(AdministrationError) -> RolloutReport? {
        try supervisedService(service).fleet.report(now: MonotonicClock.now).rollout.map(RolloutReport.init)
    }

    package func rolloutHistory(service: ServiceName) async throws(AdministrationError) -> [RolloutReport] {
        let fleet = try supervisedService(service).fleet
        let past = fleet.snapshot.history.map { RolloutReport($0) }
        guard let current = fleet.report(now: MonotonicClock.now).rollout,
            !past.contains(where: { $0.number == current.record.number })
        else { return past }
        return past + [RolloutReport(current)]
    }

    /// Gives the order and returns the rollout it is about.
    private func rolloutAfter(
        _ command: FleetCommand, service: ServiceName
    ) throws(AdministrationError) -> RolloutReport {
        try obey(command, service: service)
        guard let rollout = try supervisedService(service).fleet.report(now: MonotonicClock.now).rollout else {
            throw AdministrationError(code: .conflict, message: "`\(service)` has no rollout")
        }
        return RolloutReport(rollout)
    }

    private func obey(_ command: FleetCommand, service: ServiceName) throws(AdministrationError) {
        _ = try supervisedService(service)
        guard stage == .serving else {
            throw AdministrationError(code: .unavailable, message: "the front door is starting or stopping")
        }
        switch supervised[service]!.fleet.command(command, now: MonotonicClock.now) {
        case .success(let orders): carryOut(orders, of: service)
        case .failure(let refusal): throw AdministrationError(refusal)
        }
    }

    private func supervisedService(_ name: ServiceName) throws(AdministrationError) -> SupervisedService {
        if let entry = supervised[name], !entry.isLeaving { return entry }
        if fixed[name] != nil {
            throw AdministrationError(
                code: .invalid, message: "`\(name)` has fixed backends, so there is nothing to scale or to roll out",
                hint: "give the service `instances` with a `run` command, and Portico starts and stops them")
        }
        let known = settings.services.map(\.name.rawValue)
        throw AdministrationError(
            code: .notFound, message: "there is no service `\(name)`",
            hint: "the services are \(known.map { "`\($0)`" }.joined(separator: ", "))")
    }

    /// A release kept on disk must be there before anything is started from it.
    private func checkRelease(_ release: ReleaseName, of service: ServiceName) throws(AdministrationError) {
        let instances = try supervisedService(service).instances
        let name = release.rawValue
        guard !name.isEmpty, name.count <= 128, !name.hasPrefix("."), !name.contains("/") else {
            throw AdministrationError(
                code: .invalid, message: "`\(name)` can't be the name of a release",
                hint: "use 1 to 128 characters without `/`, not beginning with a full stop")
        }
        let directory = configuration.settingsDirectory
        guard let path = InstancePlan.releaseDirectory(release, of: instances, directory: directory) else { return }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            let parent = String(path.dropLast(name.count + 1))
            let known = ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).sorted()
            throw AdministrationError(
                code: .notFound, message: "there is no release `\(name)`: \(path) is not a directory",
                hint: known.isEmpty ? "put it there first" : "the releases there are \(known.joined(separator: ", "))")
        }
    }
}

extension AdministrationError {
    fileprivate init(_ refusal: FleetRefusal) {
        let code: Code =
            switch refusal.kind {
            case .notFound: .notFound
            case .invalid: .invalid
            case .conflict: .conflict
            }
        self.init(code: code, message: refusal.message, hint: refusal.hint)
    }
}
