// Applies the difference between the settings that run and those in the file. What did not change is not touched:
// listeners, pools, health, counters and connections stay.

import Administration
import Fleet
import Health
import Keeper
import Kernel
import Proxy
import Routing
import Settings
import Shares
import TLS
import Telemetry
import Vocabulary

extension Supervisor {
    package func reload() async throws(AdministrationError) -> ReloadReport {
        guard stage == .serving else {
            throw AdministrationError(code: .unavailable, message: "the front door is starting or stopping")
        }
        guard !isReloading else {
            throw AdministrationError(code: .conflict, message: "another reload is under way", hint: "try again")
        }
        isReloading = true
        defer { isReloading = false }
        let new: Settings
        switch configuration.readSettings() {
        case .success(let read): new = read
        case .failure(let problems):
            surroundings.events.record(.settingsRefused, message: "reload refused: \(problems)")
            throw AdministrationError(
                code: .invalid, message: "\(problems)", hint: "nothing was changed; correct the file and reload again")
        }
        var changes = settings.changes(to: new)
        if !changes.isEmpty { try checkReloadable(new) }
        let worn = closet
        changes += try reloadCertificates(new)
        guard !changes.isEmpty else { return ReloadReport(changes: [], revision: revision.number) }
        let preparation: Preparation
        do {
            preparation = try await prepare(new)
        } catch {
            closet = worn
            surroundings.events.record(.settingsRefused, message: "reload refused: \(error)")
            throw AdministrationError(
                code: .unavailable, message: "reload refused: \(error)", hint: "nothing was changed")
        }
        await commit(new, preparation)
        surroundings.events.record(.settingsReloaded, message: changes.joined(separator: "; "))
        return ReloadReport(changes: changes, revision: revision.number)
    }

    /// Takes certificates as they are on disk now, or refuses the whole reload. Returns what changed.
    private func reloadCertificates(_ new: Settings) throws(AdministrationError) -> [String] {
        let before = closet.listeners.mapValues(\.context)
        do throws(TLSProblems) {
            try tailor(new)
        } catch {
            surroundings.events.record(.certificateRefused, message: "reload refused: \(error)")
            throw AdministrationError(
                code: .invalid, message: "\(error)", hint: "nothing was changed; correct the files and reload again")
        }
        return closet.listeners.keys.sorted().compactMap { name in
            guard let old = before[name], old !== closet.listeners[name]?.context else { return nil }
            return "listeners.\(name).tls: certificates read again"
        }
    }

    /// What can't change while it runs is refused as a whole, before anything is touched.
    private func checkReloadable(_ new: Settings) throws(AdministrationError) {
        var refused: [String] = []
        if new.state != settings.state { refused.append("state") }
        if new.workers != settings.workers { refused.append("workers") }
        if new.admin != settings.admin { refused.append("admin") }
        if new.accessLog != settings.accessLog { refused.append("access_log") }
        for listener in new.listeners {
            if let old = settings.listeners.first(where: { $0.name == listener.name }) {
                if old.bind != listener.bind { refused.append("listeners.\(listener.name).bind") }
            } else if let owner = settings.listeners.first(where: { $0.bind == listener.bind && !$0.bind.isAnyPort }) {
                refused.append("listeners.\(listener.name).bind, where listener \(owner.name) listens")
            }
        }
        for service in new.services {
            guard let old = settings.service(service.name) else { continue }
            if (old.instances == nil) != (service.instances == nil) { refused.append("services.\(service.name)") }
        }
        guard refused.isEmpty else {
            throw AdministrationError(
                code: .conflict, message: "can't be changed while running: \(refused.joined(separator: ", "))",
                hint: "stop and serve again; or keep the name, or give what is new a name and a bind of its own")
        }
    }

    /// What a reload needs of the world, got before anything is changed.
    private struct Preparation {
        var shares: [ShareDirectory] = []
        var snapshots: [ServiceName: FleetSnapshot] = [:]
        var listeners: [BoundListener] = []
    }

    /// Everything that can fail. All or nothing: when one step fails, listeners opened before it are closed again.
    private func prepare(_ new: Settings) async throws -> Preparation {
        var preparation = Preparation()
        for share in new.shares where settings.share(share.name) == nil {
            preparation.shares.append(try prepareShare(share))
        }
        for service in new.services where settings.service(service.name) == nil {
            preparation.snapshots[service.name] = try loadSnapshot(of: service)
        }
        do {
            for listener in new.listeners where !settings.listeners.contains(where: { $0.name == listener.name }) {
                preparation.listeners.append(try await openListener(listener))
            }
            // A stop may have begun meanwhile, and has closed what was open.
            guard stage == .serving else {
                throw AdministrationError(code: .unavailable, message: "the front door is stopping")
            }
        } catch {
            for opened in preparation.listeners { try? await surroundings.keeper.unlisten(name: opened.name) }
            throw error
        }
        return preparation
    }

    private func commit(_ new: Settings, _ preparation: Preparation) async {
        let old = settings
        for share in preparation.shares { add(share) }
        for listener in preparation.listeners {
            listeners.append(listener)
            surroundings.events.record(.listenerOpened, message: "\(listener.name) on \(listener.address)")
        }
        let closing = old.listeners.filter { listener in !new.listeners.contains { $0.name == listener.name } }
        listeners.removeAll { listener in closing.contains { $0.name == listener.name } }
        settings = new
        for service in new.services {
            applyService(
                service, old: old.service(service.name), snapshot: preparation.snapshots[service.name])
        }
        for service in old.services where new.service(service.name) == nil { removeService(service.name) }
        isTableStale = true
        publishIfStale()
        let published = revision
        while surroundings.gateway.appliedRevision < published, stage == .serving {
            try? await Task.sleep(for: Limits.drainTick)
        }
        // A stop came between, and a worker may still accept on these descriptors: they are closed with the process.
        guard surroundings.gateway.appliedRevision >= published else { return }
        for listener in closing {
            // A keeper that is lost holds no listener any more.
            try? await surroundings.keeper.unlisten(name: listener.name)
            surroundings.events.record(.listenerClosed, message: "\(listener.name) on \(listener.bind)")
        }
    }

    private func applyService(_ service: ServiceSetting, old: ServiceSetting?, snapshot: FleetSnapshot?) {
        guard let old, supervised[service.name]?.isLeaving != true else {
            addService(service, snapshot: snapshot)
            step(service.name) { $0.handle(.inventoryComplete, now: $1) }
            return
        }
        guard old != service else { return }
        if let instances = service.instances {
            supervised[service.name]?.setting = service
            supervised[service.name]?.instances = instances
            let policy = FleetPolicy(service: service, instances: instances)
            step(service.name) { $0.handle(.policyChanged(policy), now: $1) }
        } else if let before = fixed[service.name] {
            // Backends whose address stays keep their health; the others start as new ones.
            fixed[service.name] = nil
            addService(service, snapshot: nil)
            for index in fixed[service.name]?.members.indices ?? 0..<0 {
                let setting = fixed[service.name]!.members[index].setting
                guard var kept = before.members.first(where: { $0.setting == setting }) else { continue }
                kept.health.adopt(HealthPolicy(service.health), now: MonotonicClock.now)
                fixed[service.name]!.members[index] = kept
            }
        }
    }

    private func removeService(_ name: ServiceName) {
        fixed[name] = nil
        guard supervised[name] != nil else { return }
        supervised[name]?.isLeaving = true
        stopAll(name)
    }

    /// Forgets services whose last instance is gone.
    func dropLeavingServices() {
        for (name, entry) in supervised where entry.isLeaving && entry.fleet.isStopped {
            supervised[name] = nil
            isTableStale = true
        }
    }
}
