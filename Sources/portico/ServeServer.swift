// `portico serve`, second half: the server that the keeper starts. Puts the control plane and the data plane together
// and runs them until one of three ends: an orderly stop, the loss of the keeper, or a failure to open.

import Control
import Foundation
import Keeper
import Kernel
import Probing
import Proxy
import Settings
import Supervisor
import Telemetry
import UnixSignals

extension ServeComposition {
    /// Serves until stopped. Returns the exit code of the process.
    static func runServer(
        file: String, directory: String, state: StateDirectory, adminSocket: String, engine: Gateway.Engine?,
        keeperDescriptor: CInt
    ) async -> Int32 {
        let keeper: KeeperClient
        do {
            keeper = try KeeperClient(descriptor: keeperDescriptor)
        } catch {
            return complain("\(error)")
        }
        do {
            let events = EventLog(path: state.eventLog)
            if let problem = events.problem { complain("\(problem)") }
            let settings = try loadSettings(file: file, directory: directory, state: state, events: events)
            let (orphaned, orphan) = AsyncStream.makeStream(of: Void.self)
            let supervisor = try compose(
                settings, file, directory, state, EngineChoice(requested: engine), keeper: keeper, events: events,
                keeperLost: { orphan.finish() })
            let admin = AdminServer(socket: adminSocket, administrator: supervisor)
            try await run(
                supervisor,
                admin: AdminService(
                    isEssential: keeper.serverStarts == 1, mayBeHeld: { keeper.isFormerServerAlive },
                    serve: { onListening in
                        try prepareDirectory(of: adminSocket)
                        try await admin.run(onListening: onListening)
                    },
                    tell: { text in
                        events.record(.adminUnavailable, message: text)
                        complain(text)
                    }),
                until: orphaned)
            return 0
        } catch {
            let code = complain("\(error)")
            // The first server of a keeper says why it can't open, and both end. A later one leaves it to the keeper
            // to try again: what worked before may work again, and the instances are still there.
            if keeper.serverStarts == 1 { try? await keeper.shutdown(exitCode: code, leavingInstances: true) }
            return code
        }
    }

    @discardableResult
    private static func complain(_ text: String) -> Int32 {
        FileHandle.standardError.write(Data("portico: \(text)\n".utf8))
        return 1
    }

    /// The file as it is now; if it was spoilt since it was last read, the last good one: a crash must not turn a
    /// pending edit into an outage.
    private static func loadSettings(
        file: String, directory: String, state: StateDirectory, events: EventLog
    ) throws -> Settings {
        switch SettingsLoading.load(file, directory: directory) {
        case .success(let settings):
            remember(settings, state: state, events: events)
            return settings
        case .failure(let problems):
            guard case .success(let settings) = SettingsLoading.load(state.settings, directory: directory) else {
                throw problems
            }
            events.record(.settingsRefused, message: "serving by the last good settings, since \(problems)")
            return settings
        }
    }

    /// Keeps them for a later server that finds the file spoilt. Not being able to is no reason not to serve by them.
    private static func remember(_ settings: Settings, state: StateDirectory, events: EventLog) {
        do {
            // Mode 0600: it may hold what was meant for the instances' environment only.
            try Files.replace(state.settings, with: Array(settings.effectiveYAML(showOrigins: false).utf8))
        } catch {
            let text = "can't keep the settings for a server that finds the file spoilt: \(error)"
            events.record(.stateNotSaved, message: text)
            complain(text)
        }
    }

    /// A log that can't be written is a mistake to be corrected before the start; later, traffic goes first.
    private static func checkAccessLog(_ path: String?, isEssential: Bool, events: EventLog) throws {
        guard let path else { return }
        let number = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard number < 0 else {
            close(number)
            return
        }
        let error = SystemError(
            operation: "open the access log", subject: path,
            hint: "make the file or its directory writable for this user, or set `access_log: off`")
        guard !isEssential else { throw error }
        events.record(.stateNotSaved, message: "\(error)")
        complain("\(error)")
    }

    private static func compose(
        _ settings: Settings, _ file: String, _ directory: String, _ state: StateDirectory, _ engine: EngineChoice,
        keeper: KeeperClient, events: EventLog, keeperLost: @escaping @Sendable () -> Void
    ) throws -> Supervisor {
        let workers =
            switch settings.workers {
            case .auto: min(64, max(1, ProcessInfo.processInfo.activeProcessorCount))
            case .fixed(let count): count
            }
        let accessLog: String? =
            switch settings.accessLog {
            case .inStateDirectory: state.accessLog
            case .off: nil
            case .path(let path): path.hasPrefix("/") ? path : "\(directory)/\(path)"
            }
        try checkAccessLog(accessLog, isEssential: keeper.serverStarts == 1, events: events)
        let seed = UInt64.random(in: 0 ... .max)
        MachineLimits.raiseOpenFiles()
        let gateway = Gateway(
            .init(workers: workers, accessLogPath: accessLog, engine: engine.engine, seed: seed))
        return try Supervisor(
            Supervisor.Surroundings(keeper: keeper, gateway: gateway, prober: Prober(), events: events),
            settings: settings,
            configuration: Supervisor.Configuration(
                stateDirectory: state.path, settingsDirectory: directory,
                environment: ProcessInfo.processInfo.environment, version: Version.text,
                engineReason: engine.reason, workers: workers,
                accessLog: accessLog, seed: seed,
                announce: { FileHandle.standardError.write(Data("portico: \($0)\n".utf8)) },
                keeperLost: keeperLost,
                readSettings: {
                    let read = SettingsLoading.load(file, directory: directory)
                    if case .success(let settings) = read { remember(settings, state: state, events: events) }
                    return read
                }))
    }

    private static func prepareDirectory(of socket: String) throws {
        let directory = URL(fileURLWithPath: socket).deletingLastPathComponent().path
        try Files.makeDirectory(directory, mode: 0o755)
    }

    /// - Parameter orphaned: finishes when the keeper is gone: the next front door needs the admin socket then.
    private static func run(
        _ supervisor: Supervisor, admin: AdminService, until orphaned: AsyncStream<Void>
    ) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    if signal == .sighup {
                        do {
                            _ = try await supervisor.reload()
                        } catch {
                            // The settings that run stay.
                            complain("not reloaded: \(error)")
                        }
                    } else {
                        await supervisor.stop()
                    }
                }
            }
            let (claims, claim) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
            group.addTask {
                await withTaskGroup(of: Void.self) { both in
                    both.addTask { await admin.run(claim) }
                    both.addTask { for await _ in orphaned {} }
                    await both.next()
                    both.cancelAll()
                }
            }
            for await result in claims {
                try result.get()
                break
            }
            try await supervisor.run()
            group.cancelAll()
        }
    }
}
