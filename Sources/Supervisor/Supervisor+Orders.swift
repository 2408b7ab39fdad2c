// Carries out what a fleet orders, and does the jobs that come of it.

import Fleet
import Glibc
import Keeper
import Kernel
import Probing
import Routing
import Settings
import Shares
import Telemetry
import Vocabulary

extension Supervisor {
    /// Saves the fleet's memory, then does as it says, in its order; ends with a new table if standings changed.
    func carryOut(_ orders: [FleetOrder], of service: ServiceName) {
        saveMemory(of: service)
        for order in orders {
            switch order {
            case .spawn(let id, let release): enqueue(.spawn(id, release))
            case .probe(let id): probe(id)
            case .admit(let id): setStanding(.ready, of: id)
            case .withhold(let id): setStanding(.down, of: id)
            case .drain(let id): setStanding(.draining, of: id)
            case .terminate(let id): enqueue(.signal(id, SIGTERM, toGroup: false))
            case .kill(let id): enqueue(.signal(id, SIGKILL, toGroup: true))
            case .forget(let id):
                if supervised[service]?.live.removeValue(forKey: id) != nil { isTableStale = true }
                enqueue(.forget(id))
            case .note(let note): record(note, service: service)
            }
        }
        publishIfStale()
    }

    private func saveMemory(of service: ServiceName) {
        let now = MonotonicClock.now
        guard let entry = supervised[service], entry.fleet.snapshot != entry.saved, entry.saveTrouble.mayTry(now: now)
        else { return }
        let word: String?
        do {
            try store.save(entry.fleet.snapshot, of: service)
            supervised[service]?.saved = entry.fleet.snapshot
            word = supervised[service]?.saveTrouble.succeeded()
        } catch {
            // Going on is right: stopping would cost traffic now, for what is only needed at the next restart.
            word = supervised[service]?.saveTrouble.failed("\(error)", now: now)
        }
        guard let word else { return }
        surroundings.events.record(.stateNotSaved, service: service, message: word)
        configuration.announce("\(service): \(word)")
    }

    /// Changes a backend's standing; `draining` is never left.
    private func setStanding(_ standing: Backend.Standing, of id: InstanceID) {
        guard var live = supervised[id.service]?.live[id], live.standing != .draining else { return }
        if standing == .draining {
            live.drain = .init(from: revision.next, began: MonotonicClock.now)
        }
        live.standing = standing
        supervised[id.service]?.live[id] = live
        isTableStale = true
    }

    private func probe(_ id: InstanceID) {
        guard let entry = supervised[id.service], let live = entry.live[id] else { return }
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: live.port)
        enqueue(.probe(id, probeOrder(endpoint, entry.setting, host: "")))
    }

    /// `host`: what the settings call the backend, for its certificate.
    func probeOrder(_ endpoint: Endpoint, _ service: ServiceSetting, host: String) -> ProbeOrder {
        let health = service.health
        let kind: ProbeOrder.Kind =
            switch health.check {
            case .tcp: .tcp
            case .http(let path): .http(path: path, host: endpoint.description)
            }
        let security = closet.services[service.name].flatMap { worn in
            worn.context.map { ProbeSecurity(context: $0, name: worn.setting.name ?? host) }
        }
        return ProbeOrder(endpoint: endpoint, kind: kind, security: security, timeout: health.timeout)
    }

    // MARK: Jobs

    func perform(_ job: Job) async {
        switch job {
        case .spawn(let id, let release): await spawn(id, release)
        case .probe(let id, let order):
            let report = await surroundings.prober.probe(order)
            let event: FleetEvent =
                switch report.verdict {
                case .passed: .probed(id, pass: true, detail: report.detail)
                case .failed: .probed(id, pass: false, detail: report.detail)
                case .notSent: .probeNotSent(id, detail: report.detail)
                }
            step(id.service) { $0.handle(event, now: $1) }
        case .probeFixed(let service, let backend, let order):
            let report = await surroundings.prober.probe(order)
            probedFixed(service: service, backend: backend, report)
        case .resolve(let service, let backend, let endpoint):
            await resolve(service: service, backend: backend, endpoint)
        case .signal(let id, let signal, let toGroup):
            // An instance that is gone is no failure: its exit is on its way.
            _ = try? await surroundings.keeper.signal(id, signal: signal, group: toGroup)
            if signal == SIGTERM { _ = try? await surroundings.keeper.signal(id, signal: SIGCONT, group: toGroup) }
        case .forget(let id): try? await surroundings.keeper.forget(id)
        case .retire(let id): await retire(id)
        case .end: await end()
        }
    }

    private func spawn(_ id: InstanceID, _ release: ReleaseName) async {
        guard let entry = supervised[id.service] else { return }
        let keeper = surroundings.keeper
        let logFile = "\(configuration.stateDirectory)/logs/\(id.service)/\(id).log"
        let plan = InstancePlan(
            id: id, release: release, instances: entry.instances, directory: configuration.settingsDirectory,
            shares: shares.filter { entry.instances.shares.contains($0.name) }, environment: configuration.environment)
        do {
            let port = try await keeper.reservePort()
            let order = try plan.order(port: port, logFile: logFile, record: InstanceRecord(release: release).bytes)
            let process = try await keeper.spawn(order)
            addLive(id, release: release, process: process, port: port, logFile: logFile)
            step(id.service) { $0.handle(.spawned(id), now: $1) }
        } catch {
            // One line: it becomes part of a sentence.
            let reason = "\(error)".split(separator: "\n").joined(separator: ";")
            step(id.service) { $0.handle(.spawnFailed(id, reason: reason), now: $1) }
        }
    }

    /// Stops an instance that no service of the settings wants.
    private func retire(_ id: InstanceID) async {
        surroundings.events.record(
            .instanceStopping, service: id.service, instance: id.description,
            message: "no service of the settings wants it any more")
        _ = try? await surroundings.keeper.signal(id, signal: SIGTERM, group: false)
        try? await Task.sleep(for: Limits.retireGrace)
        _ = try? await surroundings.keeper.signal(id, signal: SIGKILL, group: true)
    }

    // MARK: The event log

    private func record(_ note: FleetNote, service: ServiceName) {
        surroundings.events.record(
            EventKind(note.kind), service: service, instance: note.instance?.description, release: note.release,
            message: note.message)
        if note.kind.concernsForeground { configuration.announce(note.message) }
    }
}

extension FleetNote.Kind {
    /// Whether whoever started the front door in a terminal wants to see it: what came up, what went wrong, what a
    /// rollout came to. The rest is in the event log.
    fileprivate var concernsForeground: Bool {
        switch self {
        case .instanceReady, .instanceNotReady, .instanceUnhealthy, .instanceKilled, .instanceFailed, .crashLooping,
            .crashLoopEnded,
            .rolloutStarted, .rolloutPaused, .rolloutResumed, .rolloutUndoing, .rolloutCompleted, .rolloutUndone,
            .rolloutFailed:
            true
        case .instanceStarting, .instanceAdopted, .instanceDraining, .instanceStopping, .instanceStopped, .scaled: false
        }
    }
}

extension EventKind {
    fileprivate init(_ kind: FleetNote.Kind) {
        self =
            switch kind {
            case .instanceStarting: .instanceSpawned
            case .instanceAdopted: .instanceAdopted
            case .instanceReady: .instanceReady
            case .instanceNotReady: .instanceNotReady
            case .instanceUnhealthy: .instanceUnhealthy
            case .instanceDraining: .instanceDraining
            case .instanceStopping: .instanceStopping
            case .instanceKilled: .instanceKilled
            case .instanceStopped, .instanceFailed: .instanceExited
            case .scaled: .scaled
            case .crashLooping: .instanceCrashLooping
            case .crashLoopEnded: .instanceReady
            case .rolloutStarted: .rolloutStarted
            case .rolloutPaused: .rolloutPaused
            case .rolloutResumed: .rolloutResumed
            case .rolloutUndoing: .rolloutUndoing
            case .rolloutCompleted: .rolloutCompleted
            case .rolloutUndone: .rolloutUndone
            case .rolloutFailed: .rolloutFailed
            }
    }
}
