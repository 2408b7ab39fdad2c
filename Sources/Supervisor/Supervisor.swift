// The supervisor: the one place where decisions of the pure machines become deeds.
//
// 1. Every event (an exit, a probe's answer, a tick, an operator's order) steps the machine it is for, completely.
// 2. What the machine remembers is saved.
// 3. Its orders are carried out: changes of standing at once, by publishing a new routing table; whatever waits for
//    somebody else (spawning, probing, signalling) as a `Job` in a task of its own, which comes back as an event.
// 4. An instance counts as drained when every worker has applied a table in which it drains, and nothing is in flight
//    on it, read in this order: no worker chooses it any more, so that zero stays zero.
// Races considered: an exit may be told before the answer to its spawn (the fleet ignores what it does not know, and
// `spawned` of a dead process is followed by its exit again, see `started`); an instance may be adopted that was on its
// way out (the snapshot says so); the keeper may go away at any time (we drain and exit, the instances stay).

import Administration
import Fleet
import Health
import Keeper
import Kernel
import Probing
import Proxy
import Routing
import Settings
import Shares
import Telemetry
import Vocabulary

/// Owns the routing table, the fleets and everything that is done about them.
package actor Supervisor {
    /// What the supervisor acts through.
    package struct Surroundings: Sendable {
        package var keeper: KeeperClient
        package var gateway: Gateway
        package var prober: Prober
        package var events: EventLog

        package init(keeper: KeeperClient, gateway: Gateway, prober: Prober, events: EventLog) {
            self.keeper = keeper
            self.gateway = gateway
            self.prober = prober
            self.events = events
        }
    }

    /// What does not change while it runs.
    package struct Configuration: Sendable {
        /// Absolute.
        package var stateDirectory: String
        /// Absolute; where relative paths of the settings start.
        package var settingsDirectory: String
        /// Reads the settings file again, for `reload`.
        package var readSettings: @Sendable () -> Result<Settings, SettingsProblems>
        /// Of the keeper, which instances inherit.
        package var environment: [String: String]
        package var version: String
        /// Why the gateway has the event loop it has.
        package var engineReason: String
        package var workers: Int
        package var accessLog: String?
        package var seed: UInt64
        /// Tells whoever started the front door, in a sentence, that it is open and where.
        package var announce: @Sendable (String) -> Void
        /// Called when the keeper is gone: what the next front door needs is to be let go.
        package var keeperLost: @Sendable () -> Void

        package init(
            stateDirectory: String, settingsDirectory: String, environment: [String: String], version: String,
            engineReason: String, workers: Int, accessLog: String?, seed: UInt64,
            announce: @escaping @Sendable (String) -> Void,
            keeperLost: @escaping @Sendable () -> Void = {},
            readSettings: @escaping @Sendable () -> Result<Settings, SettingsProblems>
        ) {
            self.stateDirectory = stateDirectory
            self.settingsDirectory = settingsDirectory
            self.environment = environment
            self.version = version
            self.engineReason = engineReason
            self.workers = workers
            self.accessLog = accessLog
            self.seed = seed
            self.announce = announce
            self.keeperLost = keeperLost
            self.readSettings = readSettings
        }
    }

    let surroundings: Surroundings
    let configuration: Configuration
    var settings: Settings
    var shares: [ShareDirectory] = []
    var supervised: [ServiceName: SupervisedService] = [:]
    var fixed: [ServiceName: FixedService] = [:]
    var listeners: [BoundListener] = []
    var closet = Closet()
    var revision = Revision.zero
    var isTableStale = false
    /// Whether the data plane runs: before, there is nobody to publish to.
    var isOpen = false
    var stage = Stage.starting
    /// When an orderly stop waits for nothing in flight any more.
    var stopDeadline: Instant?
    /// Whether a reload is under way: it waits for others half-way, and a second one must not begin there.
    var isReloading = false
    let store: SnapshotStore
    let startedAt = Timestamp.now()
    /// Whether the keeper is gone: what the fleets remember is the next front door's business.
    var isOrphaned = false
    private var nextBackend: UInt32 = 1
    private var nextLoadSample = Instant.zero
    private var nextMachineLook = Instant.zero
    private var hasToldOfLogLoss = false
    private let jobs: AsyncStream<Job>
    private let jobQueue: AsyncStream<Job>.Continuation

    /// How far along the supervisor's own life is. Only ever goes down the list.
    enum Stage: Equatable {
        case starting
        /// Was asked to stop before it had opened.
        case stoppingOnceOpen(stopsInstances: Bool)
        case serving
        /// Takes nothing new; waits for requests in flight, then stops instances if `stopsInstances`.
        case draining(stopsInstances: Bool)
        case stopped
    }

    /// Bounds of the supervisor.
    enum Limits {
        /// Between two looks at the gateway's counters; a burst must be seen several times within the 2 s in which it
        /// is to be answered.
        static let loadInterval = Duration.milliseconds(250)
        /// Between two looks at the files of certificates.
        static let certificateInterval = Duration.seconds(2)
        static let tick = Duration.milliseconds(50)
        /// While an instance drains: so long it may wait for nothing.
        static let drainTick = Duration.milliseconds(5)
        /// Until a host name is looked up again after it did not resolve.
        static let resolveInterval = Duration.seconds(5)
        /// From SIGTERM to SIGKILL for an instance of a service that is gone from the settings.
        static let retireGrace = Duration.seconds(10)
    }

    /// Nothing is touched before `run`.
    package init(_ surroundings: Surroundings, settings: Settings, configuration: Configuration) {
        self.surroundings = surroundings
        self.settings = settings
        self.configuration = configuration
        store = SnapshotStore(stateDirectory: configuration.stateDirectory)
        (jobs, jobQueue) = AsyncStream.makeStream()
    }

    /// Takes over what the keeper holds, opens the listeners, serves until `stop()` or the loss of the keeper, then
    /// drains. Throws when the front door can't be opened at all.
    package func run() async throws {
        try await open()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watchExits() }
            group.addTask { await self.watchKeeper() }
            group.addTask { await self.watchTime() }
            for await job in jobs {
                group.addTask { await self.perform(job) }
            }
            group.cancelAll()
        }
        surroundings.gateway.stop()
    }

    // MARK: Events

    private func watchExits() async {
        for await exit in surroundings.keeper.exits {
            ended(exit)
        }
    }

    private func watchKeeper() async {
        for await _ in surroundings.keeper.keeperLost {
            isOrphaned = true
            configuration.keeperLost()
            drain(stoppingInstances: false)
            surroundings.events.record(
                .serverStopping, message: "the keeper is gone; draining, then ending. The instances go on")
        }
    }

    private func watchTime() async {
        while !Task.isCancelled, stage != .stopped {
            let isDraining = supervised.values.contains { $0.live.values.contains { $0.drain != nil } }
            try? await Task.sleep(for: isDraining ? Limits.drainTick : Limits.tick)
            tick()
        }
    }

    private func ended(_ exit: ExitReport) {
        let service = exit.id.service
        guard supervised[service] != nil else {
            enqueue(.forget(exit.id))
            return
        }
        // First what the gateway counted on it: the judge of a rollout would miss its last failures.
        sampleLoad(now: MonotonicClock.now)
        let logFile = supervised[service]?.live[exit.id]?.logFile
        let isLogDiskFull = logFile.map(Files.isFull(fileSystemOf:)) ?? false
        let description = exit.description + (isLogDiskFull ? "; the disk of its log \(logFile ?? "") is full" : "")
        step(service) { $0.handle(.exited(exit.id, description: description), now: $1) }
    }

    private func tick() {
        let now = MonotonicClock.now
        reportDrained(now: now)
        if now >= nextLoadSample {
            nextLoadSample = now + Limits.loadInterval
            sampleLoad(now: now)
            tellOfLogLoss()
        }
        for (service, entry) in supervised {
            guard let wakeup = entry.fleet.nextWakeup, wakeup <= now else { continue }
            step(service) { $0.tick(now: $1) }
        }
        if now >= nextMachineLook {
            nextMachineLook = now + Gateway.machineInterval
            surroundings.gateway.watchMachine()
        }
        probeFixed(now: now)
        lookAtCertificates(now: now)
        dropLeavingServices()
        publishIfStale()
    }

    /// Says once that the access log is not complete any more.
    private func tellOfLogLoss() {
        guard !hasToldOfLogLoss, AccessLogLoss.lines > 0 else { return }
        hasToldOfLogLoss = true
        let text = "the access log \(configuration.accessLog ?? "") does not take all lines: some requests are missing"
        surroundings.events.record(.stateNotSaved, message: text)
        configuration.announce(text)
    }

    /// Steps one fleet, saves what it remembers, and carries its orders out.
    func step(_ service: ServiceName, _ change: (inout Fleet, Instant) -> [FleetOrder]) {
        guard supervised[service] != nil, !isOrphaned else { return }
        let orders = change(&supervised[service]!.fleet, MonotonicClock.now)
        carryOut(orders, of: service)
    }

    // MARK: Numbers and jobs

    func newBackendID() -> BackendID {
        defer { nextBackend += 1 }
        return BackendID(nextBackend)
    }

    func enqueue(_ job: Job) {
        jobQueue.yield(job)
    }

    /// Lets `run` return once every job has ended.
    func endJobs() {
        jobQueue.finish()
    }
}
