// Services of fixed backends: host names are looked up, addresses are probed, traffic's own evidence is heard.

import Health
import Kernel
import Probing
import Proxy
import Routing
import Settings
import Telemetry
import Vocabulary

extension Supervisor {
    /// Probes whoever is due, and takes out backends that traffic can't connect to.
    func probeFixed(now: Instant) {
        for (name, service) in fixed {
            let healthy = service.members.count { $0.health.isHealthy }
            for index in service.members.indices {
                let member = service.members[index]
                guard let endpoint = member.endpoint else { continue }
                let failures = surroundings.gateway.gauges(of: member.backend)?.consecutiveConnectFailures ?? 0
                if failures > 0, member.health.isHealthy {
                    let change = fixed[name]?.members[index].health.connectFailed(
                        consecutive: Int(clamping: failures), isLast: healthy <= 1, now: now)
                    note(change, of: member, service: name)
                }
                guard !member.isProbing, member.health.nextProbe <= now else { continue }
                fixed[name]?.members[index].isProbing = true
                enqueue(
                    .probeFixed(
                        service: name, backend: member.backend,
                        probeOrder(endpoint, service.setting, host: member.setting.address.host)))
            }
        }
    }

    func probedFixed(service: ServiceName, backend: BackendID, _ report: ProbeReport) {
        // A reload may have taken the backend away in the meantime.
        guard let index = fixed[service]?.members.firstIndex(where: { $0.backend == backend }) else { return }
        fixed[service]?.members[index].isProbing = false
        fixed[service]?.members[index].detail = report.detail
        guard report.verdict != .notSent else {
            fixed[service]?.members[index].health.probeNotSent(now: MonotonicClock.now)
            return
        }
        let change = fixed[service]?.members[index].health.probed(pass: report.isPass, now: MonotonicClock.now)
        if let member = fixed[service]?.members[index] { note(change, of: member, service: service) }
        publishIfStale()
    }

    private func note(_ change: HealthChange?, of member: FixedService.Member, service: ServiceName) {
        guard let change else { return }
        isTableStale = true
        let address = member.setting.address.description
        switch change {
        case .becameHealthy:
            surroundings.events.record(
                .backendReady, service: service, instance: address, message: member.detail ?? "passed its probe")
        case .becameUnhealthy(let reason):
            surroundings.events.record(
                .backendUnhealthy, service: service, instance: address,
                message: [reason, member.detail].compactMap(\.self).joined(separator: ": "))
        }
    }

    /// Looks a host name up, again and again until it has an address. The first one is used.
    func resolve(service: ServiceName, backend: BackendID, _ endpoint: Endpoint) async {
        while stage != .stopped, !Task.isCancelled {
            let found = await Self.lookUp(endpoint)
            guard let index = fixed[service]?.members.firstIndex(where: { $0.backend == backend }) else { return }
            switch found {
            case .success(let address):
                fixed[service]?.members[index].endpoint = address.endpoint
                isTableStale = true
                return
            case .failure(let error):
                fixed[service]?.members[index].detail = "\(error)"
                try? await Task.sleep(for: Limits.resolveInterval)
            }
        }
    }

    /// Blocks a pool thread for as long as the system's resolver takes, which is bounded by its own time-outs.
    @concurrent private static func lookUp(_ endpoint: Endpoint) async -> Result<SocketAddress, SystemError> {
        do throws(SystemError) {
            return .success(try SocketAddress.resolve(endpoint)[0])
        } catch {
            return .failure(error)
        }
    }
}
