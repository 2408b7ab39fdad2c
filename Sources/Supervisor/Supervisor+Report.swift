// What status shows, put together from the fleets, the gateway's gauges and the keeper.

import Administration
import Fleet
import Glibc
import Health
import Keeper
import Kernel
import Proxy
import Rollouts
import Routing
import Scaling
import Settings
import Shares
import Telemetry
import Vocabulary

extension Supervisor {
    package func status() async -> StatusReport {
        let services = settings.services.map(report(of:))
        return StatusReport(
            version: configuration.version, serverPID: getpid(), keeperPID: surroundings.keeper.keeperPID,
            startedAt: startedAt.description, serverStarts: surroundings.keeper.serverStarts,
            stateDirectory: configuration.stateDirectory, accessLog: configuration.accessLog,
            engine: surroundings.gateway.engineName, engineReason: configuration.engineReason,
            workers: configuration.workers, revision: revision.number,
            ready: stage == .serving && services.allSatisfy(\.isReady),
            listeners: listeners.map(report(of:)), services: services,
            shares: shares.map { ShareReport(name: $0.name.rawValue, path: $0.path) })
    }

    private func report(of listener: BoundListener) -> ListenerReport {
        let gauges = surroundings.gateway.listenerGauges(listener.name) ?? ListenerGauges()
        return ListenerReport(
            name: listener.name.rawValue, bind: listener.address.description, connectionsOpen: gauges.open,
            connectionsAccepted: Int(clamping: gauges.accepted), requestsRefused: Int(clamping: gauges.refused),
            refusals: ListenerRefusals(
                perAddress: Int(clamping: gauges.refusedPerAddress), untrusted: Int(clamping: gauges.refusedUntrusted),
                unheralded: Int(clamping: gauges.refusedUnheralded), pausedFull: Int(clamping: gauges.pausedFull),
                pausedShort: Int(clamping: gauges.pausedShort)),
            tls: tlsReport(of: listener.name, gauges))
    }

    func report(of setting: ServiceSetting) -> ServiceReport {
        let now = MonotonicClock.now
        let gauges = surroundings.gateway.serviceGauges(setting.name) ?? ServiceGauges()
        var report = ServiceReport(
            name: setting.name.rawValue, balance: setting.balance.rawValue, instancesMin: nil, instancesMax: nil,
            instancesDesired: nil, scalingReason: nil, release: nil, rollout: nil,
            requestsInFlight: gauges.inFlight, requestsHeld: gauges.held,
            requestsTotal: Int(clamping: gauges.requestsTotal), responses5xx: Int(clamping: gauges.responses5xx),
            backends: [])
        if let entry = supervised[setting.name] {
            let fleet = entry.fleet.report(now: now)
            report.instancesMin = fleet.bounds.min
            report.instancesMax = fleet.bounds.max
            report.instancesDesired = fleet.desired
            report.scalingReason = fleet.desiredReason
            if !fleet.crashLooping.isEmpty {
                let releases = fleet.crashLooping.map(\.rawValue).joined(separator: ", ")
                report.scalingReason! += "; \(releases) fails again and again: see `portico events`"
            }
            report.release = fleet.stable.rawValue
            report.rollout = fleet.rollout.map(RolloutReport.init)
            report.backends =
                fleet.instances.map { self.report(of: $0, live: entry.live[$0.id], now: now) }
                + fleet.backingOff.map {
                    BackendReport(backingOff: $0, isCrashLooping: fleet.crashLooping.contains($0.release), now: now)
                }
        } else if let service = fixed[setting.name] {
            report.backends = service.members.map(self.report(of:))
        }
        return report
    }

    private func report(
        of instance: FleetReport.InstanceReport, live: SupervisedService.Live?, now: Instant
    ) -> BackendReport {
        let gauges = live.flatMap { surroundings.gateway.gauges(of: $0.backend) } ?? BackendGauges()
        return BackendReport(
            name: instance.id.description, address: live.map { "127.0.0.1:\($0.port)" } ?? "-", pid: live?.pid,
            release: instance.release.rawValue, phase: instance.phase, health: instance.detail,
            uptimeSeconds: (now - instance.startedAt).inSeconds, requestsInFlight: gauges.inFlight,
            requestsTotal: Int(clamping: gauges.requestsTotal), responses5xx: Int(clamping: gauges.responses5xx),
            connectFailures: Int(clamping: gauges.connectFailures), logFile: live?.logFile)
    }

    private func report(of member: FixedService.Member) -> BackendReport {
        let gauges = surroundings.gateway.gauges(of: member.backend) ?? BackendGauges()
        return BackendReport(
            name: member.setting.address.description, address: (member.endpoint ?? member.setting.address).description,
            pid: nil, release: nil, phase: member.health.isHealthy ? "ready" : "unhealthy", health: member.detail,
            uptimeSeconds: nil, requestsInFlight: gauges.inFlight, requestsTotal: Int(clamping: gauges.requestsTotal),
            responses5xx: Int(clamping: gauges.responses5xx), connectFailures: Int(clamping: gauges.connectFailures),
            logFile: nil)
    }
}

extension ServiceReport {
    /// Whether as many backends serve as are wanted; of fixed backends, at least one.
    fileprivate var isReady: Bool {
        backends.count { $0.phase == "ready" } >= (instancesDesired ?? 1)
    }
}

extension BackendReport {
    fileprivate init(backingOff: FleetReport.BackOffReport, isCrashLooping: Bool, now: Instant) {
        self.init(
            name: "-", address: "-", pid: nil, release: backingOff.release.rawValue,
            phase: isCrashLooping ? "crash_looping" : "backing_off",
            health:
                "try \(backingOff.attempt + 1) in \(max(0, (backingOff.until - now).inSeconds.rounded())) s: \(backingOff.reason)",
            uptimeSeconds: nil, requestsInFlight: 0, requestsTotal: 0, responses5xx: 0, connectFailures: 0,
            logFile: nil)
    }
}

extension RolloutReport {
    init(_ rollout: FleetReport.RolloutReport) {
        self.init(rollout.record, replaced: rollout.replaced, desired: rollout.desired)
    }

    init(_ record: RolloutRecord, replaced: Int = 0, desired: Int = 0) {
        let state: State =
            switch record.state {
            case .rolling: .rolling
            case .paused: .paused
            case .undoing: .undoing
            case .completed: .completed
            case .undone: .undone
            case .failed: .failed
            }
        self.init(
            number: record.number, from: record.from.rawValue, to: record.to.rawValue, state: state,
            reason: record.reason, startedAt: Self.text(record.startedAt), endedAt: record.endedAt.map(Self.text),
            replaced: replaced, desired: desired)
    }

    private static func text(_ sinceEpoch: Duration) -> String {
        Timestamp(microseconds: sinceEpoch.nanoseconds / 1000).description
    }
}
