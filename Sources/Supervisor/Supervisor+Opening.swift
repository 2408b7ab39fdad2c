// From an empty process to a front door that serves: shares, listeners, what the keeper already holds, the data plane.

import Fleet
import Foundation
import Glibc
import Health
import Keeper
import Kernel
import Proxy
import Routing
import Settings
import Shares
import Telemetry
import Vocabulary

extension Supervisor {
    func open() async throws {
        let keeper = surroundings.keeper
        try tailor(settings, isRestart: keeper.serverStarts > 1)
        for setting in settings.shares { add(try prepareShare(setting)) }
        for setting in settings.listeners { listeners.append(try await openListener(setting)) }
        let inventory = try await keeper.inventory()
        for held in inventory.listeners where !settings.listeners.contains(where: { $0.name == held.name }) {
            try await keeper.unlisten(name: held.name)
        }
        for setting in settings.services { addService(setting, snapshot: try loadSnapshot(of: setting)) }
        adopt(inventory)
        try surroundings.gateway.start(listeners: openListeners, table: nextTable(), dresses: dresses())
        isOpen = true
        let asked = stage
        stage = .serving
        let places = listeners.map { "\($0.name) on \($0.address)" }.joined(separator: ", ")
        surroundings.events.record(.serverStarted, message: "serving \(places)")
        configuration.announce("serving \(places)")
        warnOfOpenFiles()
        for service in settings.services where supervised[service.name] != nil {
            step(service.name) { $0.handle(.inventoryComplete, now: $1) }
        }
        if case .stoppingOnceOpen(let stopsInstances) = asked { drain(stoppingInstances: stopsInstances) }
    }

    private func warnOfOpenFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            let warning = OpenFilesNeed.warning(
                connectionsMax: settings.listeners.map(\.limits.connections),
                openFilesMax: Int(clamping: limit.rlim_cur))
        else { return }
        surroundings.events.record(.limitTooLow, message: warning)
        configuration.announce(warning)
    }

    func prepareShare(_ setting: ShareSetting) throws -> ShareDirectory {
        try ShareDirectory.prepare(name: setting.name, path: absolute(setting.path))
    }

    func add(_ share: ShareDirectory) {
        shares.append(share)
        surroundings.events.record(.shareReady, message: "shared directory `\(share.name)` is \(share.path)")
    }

    func openListener(_ setting: ListenerSetting) async throws -> BoundListener {
        while true {
            // Asked before the try: it may let go of the port and end right after it.
            let mayBeHeld = !isOpen && surroundings.keeper.isFormerServerAlive
            do {
                let bound = try await surroundings.keeper.listen(
                    name: setting.name, endpoint: setting.bind, sockets: configuration.workers)
                return BoundListener(name: setting.name, descriptors: bound.descriptors, address: bound.bound)
            } catch {
                guard mayBeHeld, error.code != .lost else { throw error }
                try await Task.sleep(for: Limits.drainTick)
            }
        }
    }

    /// What is known of a service's fleet from before; `nil` for a new one, and for fixed backends.
    func loadSnapshot(of setting: ServiceSetting) throws -> FleetSnapshot? {
        guard setting.instances != nil else { return nil }
        return try store.load(setting.name)
    }

    /// Gives a service of the settings its machine.
    func addService(_ setting: ServiceSetting, snapshot: FleetSnapshot?) {
        let now = MonotonicClock.now
        let seed = SeededRandom(seed: configuration.seed).split(setting.name.rawValue)
        switch setting.upstream {
        case .instances(let instances):
            var random = seed
            let fleet = Fleet(
                service: setting.name, policy: FleetPolicy(service: setting, instances: instances),
                release: instances.release, snapshot: snapshot, seed: random.next(),
                epoch: .microseconds(Timestamp.now().microseconds) - .nanoseconds(now.nanoseconds), now: now)
            supervised[setting.name] = SupervisedService(
                setting: setting, instances: instances, fleet: fleet, saved: snapshot)
        case .backends(let backends):
            let members = backends.map { backend in
                FixedService.Member(
                    backend: newBackendID(), setting: backend,
                    endpoint: SocketAddress(backend.address) == nil ? nil : backend.address,
                    health: HealthMachine(
                        policy: HealthPolicy(setting.health), random: seed.split(backend.address.description), now: now)
                )
            }
            fixed[setting.name] = FixedService(setting: setting, members: members)
            for member in members where member.endpoint == nil {
                enqueue(.resolve(service: setting.name, backend: member.backend, member.setting.address))
            }
        }
    }

    /// Takes over the instances that outlived the server before us.
    private func adopt(_ inventory: Inventory) {
        for exit in inventory.exits { enqueue(.forget(exit.report.id)) }
        for held in inventory.instances.sorted(by: { $0.id < $1.id }) {
            guard supervised[held.id.service] != nil, let port = held.port else {
                enqueue(.retire(held.id))
                continue
            }
            let release = InstanceRecord(held.record)?.release ?? supervised[held.id.service]!.instances.release
            addLive(
                held.id, release: release, process: SpawnedProcess(pid: held.pid, startTime: held.startTime),
                port: port, logFile: held.logFile)
            // `startTime` counts hundredths of a second since boot (proc(5), USER_HZ is 100 on every Linux we know).
            let startedAt = Instant(nanoseconds: Int64(clamping: held.startTime) * 10_000_000)
            step(held.id.service) { $0.handle(.adopted(held.id, release: release, startedAt: startedAt), now: $1) }
        }
    }

    /// Notes that a process is there, and gives it a place in the routing table, out of rotation.
    func addLive(_ id: InstanceID, release: ReleaseName, process: SpawnedProcess, port: UInt16, logFile: String) {
        supervised[id.service]?.live[id] = SupervisedService.Live(
            backend: newBackendID(), release: release, pid: process.pid, port: port, logFile: logFile, standing: .down)
        isTableStale = true
    }

    /// `path` of the settings as an absolute path.
    func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(configuration.settingsDirectory)/\(path)"
    }
}
