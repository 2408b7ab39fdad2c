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
        file: String, directory: String, state: StateDirectory, adminSocket: String, keeperDescriptor: CInt
    ) async -> Int32 {
        let keeper: KeeperClient
        do {
            keeper = try KeeperClient(descriptor: keeperDescriptor)
        } catch {
            return complain("\(error)")
        }
        do {
            let events = try EventLog(path: state.eventLog)
            let settings = try loadSettings(file: file, directory: directory, state: state, events: events)
            let supervisor = try compose(settings, file, directory, state, keeper: keeper, events: events)
            try prepareDirectory(of: adminSocket)
            try await run(supervisor, admin: AdminServer(socket: adminSocket, administrator: supervisor))
            return 0
        } catch {
            let code = complain("\(error)")
            // The first server of a keeper says why it can't open, and both end. A later one leaves it to the keeper
            // to try again: what worked before may work again, and the instances are still there.
            if keeper.serverStarts == 1 { try? await keeper.shutdown(exitCode: code, leavingInstances: true) }
            return code
        }
    }

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
            try remember(settings, state: state)
            return settings
        case .failure(let problems):
            guard case .success(let settings) = SettingsLoading.load(state.settings, directory: directory) else {
                throw problems
            }
            events.record(.settingsRefused, message: "serving by the last good settings, since \(problems)")
            return settings
        }
    }

    private static func remember(_ settings: Settings, state: StateDirectory) throws {
        let text = settings.effectiveYAML(showOrigins: false)
        try Data(text.utf8).write(to: URL(fileURLWithPath: state.settings), options: .atomic)
        // It may hold what was meant for the instances' environment only.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: state.settings)
    }

    private static func compose(
        _ settings: Settings, _ file: String, _ directory: String, _ state: StateDirectory, keeper: KeeperClient,
        events: EventLog
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
        let seed = UInt64.random(in: 0 ... .max)
        MachineLimits.raiseOpenFiles()
        let gateway = Gateway(.init(workers: workers, accessLogPath: accessLog, seed: seed))
        return try Supervisor(
            Supervisor.Surroundings(keeper: keeper, gateway: gateway, prober: Prober(), events: events),
            settings: settings,
            configuration: Supervisor.Configuration(
                stateDirectory: state.path, settingsDirectory: directory,
                environment: ProcessInfo.processInfo.environment, version: Version.text, workers: workers,
                accessLog: accessLog, seed: seed,
                announce: { FileHandle.standardError.write(Data("portico: \($0)\n".utf8)) },
                readSettings: {
                    let read = SettingsLoading.load(file, directory: directory)
                    if case .success(let settings) = read { try? remember(settings, state: state) }
                    return read
                }))
    }

    private static func prepareDirectory(of socket: String) throws {
        let directory = URL(fileURLWithPath: socket).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private static func run(_ supervisor: Supervisor, admin: AdminServer) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    if signal == .sighup {
                        // A refusal is in the event log; the settings that run stay.
                        _ = try? await supervisor.reload()
                    } else {
                        await supervisor.stop()
                    }
                }
            }
            group.addTask { try await admin.run() }
            try await supervisor.run()
            group.cancelAll()
        }
    }
}
