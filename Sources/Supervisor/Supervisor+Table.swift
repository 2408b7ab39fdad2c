// The routing table: built whole from what is known now, published when something in it changed.

import Fleet
import Keeper
import Kernel
import Proxy
import Routing
import Settings
import Vocabulary

extension Supervisor {
    /// Publishes a new revision if a standing, a backend or a rule changed since the last.
    func publishIfStale() {
        guard isTableStale, isOpen else { return }
        surroundings.gateway.publish(nextTable(), listeners: openListeners, dresses: dresses())
    }

    func nextTable() -> RoutingTable {
        revision = revision.next
        isTableStale = false
        let services = settings.services.map { setting in
            let backends = supervised[setting.name]?.backends ?? fixed[setting.name]?.backends ?? []
            return ServiceRules(setting, backends: backends)
        }
        // A service that a reload took out has no route, but its instances finish what they have.
        let leaving = supervised.values.filter(\.isLeaving).sorted { $0.setting.name < $1.setting.name }
            .map { ServiceRules($0.setting, backends: $0.backends) }
        let routes = settings.routes.map { Route(host: $0.host, path: $0.path, service: $0.service) }
        let tcpServices = Set(settings.services.filter { $0.transport == .tcp }.map(\.name))
        return RoutingTable(
            revision: revision, listeners: settings.listeners.map(ListenerRules.init),
            routes: routes.filter { !tcpServices.contains($0.service) },
            passthroughRoutes: routes.filter { tcpServices.contains($0.service) }, services: services + leaving,
            bufferBytesMax: settings.buffers ?? ByteCount(MachineLimits.memoryBytes / 4))
    }

    /// Tells the fleets which draining instances have nothing in flight any more, or only what has had its time:
    /// requests and tunnels each have a deadline of their own.
    func reportDrained(now: Instant) {
        for (service, entry) in supervised {
            let waiting = entry.live.filter { $0.value.drain != nil }.sorted { $0.key < $1.key }
            for (id, live) in waiting {
                // The order matters: first that no worker can choose it any more, then that nothing is in flight.
                guard let drain = live.drain, surroundings.gateway.appliedRevision >= drain.from else { continue }
                let gauges = surroundings.gateway.gauges(of: live.backend) ?? BackendGauges()
                let limits = DrainLimits(
                    requests: entry.instances.drain.requests, tunnels: entry.instances.drain.tunnels,
                    stopDeadline: stopDeadline)
                let verdict = limits.verdict(gauges, began: drain.began, now: now)
                guard verdict != .waiting else { continue }
                // What a server before us has in flight is not counted here.
                if verdict == .drained, now < drain.began + limits.requests, surroundings.keeper.isFormerServerAlive {
                    continue
                }
                supervised[service]?.live[id]?.drain = nil
                step(service) { $0.handle(verdict == .drained ? .drained(id) : .drainExpired(id), now: $1) }
            }
        }
    }

    /// Hands each fleet the gateway's counters.
    func sampleLoad(now: Instant) {
        for (service, entry) in supervised {
            guard let gauges = surroundings.gateway.serviceGauges(service) else { continue }
            let members = entry.live.sorted { $0.key < $1.key }.compactMap { id, live in
                surroundings.gateway.gauges(of: live.backend).map { LoadSample.Member(id, $0) }
            }
            let sample = LoadSample(
                members: members, inFlightNanoseconds: UInt64(clamping: gauges.inFlightNanoseconds),
                heldNow: gauges.held)
            step(service) { $0.handle(.load(sample), now: $1) }
        }
    }
}

extension LoadSample.Member {
    fileprivate init(_ id: InstanceID, _ gauges: BackendGauges) {
        self.init(
            id: id, inFlight: gauges.inFlight, requestsTotal: Int(clamping: gauges.requestsTotal),
            responses5xx: Int(clamping: gauges.responses5xx), upstreamFailures: Int(clamping: gauges.upstreamFailures),
            connectFailures: Int(clamping: gauges.connectFailures),
            consecutiveConnectFailures: Int(clamping: gauges.consecutiveConnectFailures))
    }
}
