// A front door for the length of one run: started with a state directory of its own and stopped without a trace, or one
// that runs already and is only spoken to.

import Administration
import Foundation
import Glibc
import Vocabulary

/// The subject of a run. Confined to the conductor's thread.
final class FrontDoorRun {
    struct Failure: Error {
        var message: String
    }

    let administration: (any FrontDoorAdministration)?
    /// Scheme, host and port that the load goes to.
    private(set) var url: String
    private(set) var accessLog: String?
    private(set) var workers: Int?
    let stateDirectory: String?
    private let child: ChildProcess?
    private let leftovers: LeftoverProcesses
    private let stopWithin: Duration

    /// How the front door was stopped.
    struct Stop {
        var took: Int64
        /// In a sentence.
        var ending: String
        var isOrderly: Bool
        /// Processes that were still there after it had ended.
        var leftovers: [String]
    }

    /// Starts or finds the front door, and returns when it is ready.
    init(_ scenario: Scenario, options: Verification.Options, nonce: String) throws(Failure) {
        leftovers = LeftoverProcesses(nonce: nonce)
        switch scenario.subject {
        case .running(let url, let socket):
            self.url = url
            child = nil
            stateDirectory = nil
            stopWithin = .zero
            administration = socket.map(options.administration)
            if let administration {
                do {
                    take(try administration.status())
                } catch {
                    throw Failure(message: error.description)
                }
            }
        case .frontDoor(let door):
            guard access(door.config, R_OK) == 0 else {
                throw Failure(message: "the settings file \(door.config) can't be read")
            }
            var template = Array(((options.environment["TMPDIR"] ?? "/tmp") + "/portico-verify-XXXXXX").utf8CString)
            guard mkdtemp(&template) != nil else {
                throw Failure(message: "no temporary directory can be made: \(String(cString: strerror(errno)))")
            }
            let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            stateDirectory = directory
            stopWithin = door.stopWithin
            url = ""
            administration = options.administration(directory + "/admin.sock")
            var environment = options.environment.merging(scenario.environment) { $1 }
            environment[LeftoverProcesses.variable] = nonce
            do {
                child = try ChildProcess(
                    options.frontDoorCommand + ["serve", door.config, "--state", directory], environment: environment,
                    logFile: directory + "/front-door.log")
            } catch {
                try? FileManager.default.removeItem(atPath: directory)
                throw Failure(message: error.message)
            }
            do {
                try waitUntilReady(door)
            } catch {
                _ = stop()
                throw Failure(message: "\(error.message)\nits state and logs are kept in \(directory)")
            }
        }
    }

    private func waitUntilReady(_ door: Scenario.FrontDoor) throws(Failure) {
        let deadline = DriverClock.now + door.readyWithin.nanoseconds
        var last = "its admin socket does not answer"
        while DriverClock.now < deadline, !Interruption.isRequested {
            guard child!.isRunning else {
                throw Failure(message: "the front door ended while it was starting (\(child!.ending))\(logTail)")
            }
            if let status = try? administration!.status() {
                let lacking = status.services.first { service in
                    service.backends.count { $0.phase == "ready" } < (service.instancesMin ?? 0)
                }
                if status.ready, lacking == nil {
                    guard
                        let listener = status.listeners.first(where: {
                            door.listener == nil || $0.name == door.listener
                        })
                    else { throw Failure(message: "the front door has no listener \"\(door.listener ?? "")\"") }
                    url = Self.url(of: listener.bind)
                    return take(status)
                }
                last = lacking.map { "\($0.name) has too few ready instances" } ?? "it is not ready"
            }
            DriverClock.sleep(nanoseconds: 50_000_000)
        }
        if Interruption.isRequested { throw Failure(message: "interrupted") }
        let limit = Figures.time(nanoseconds: door.readyWithin.nanoseconds)
        throw Failure(message: "the front door was not ready within \(limit): \(last)\(logTail)")
    }

    private func take(_ status: StatusReport) {
        accessLog = status.accessLog
        workers = status.workers
    }

    /// An address to listen on as one to connect to.
    static func url(of bind: String) -> String {
        switch Endpoint(bind) {
        case .tcp("0.0.0.0", let port)?: "http://127.0.0.1:\(port)"
        case .tcp("::", let port)?: "http://[::1]:\(port)"
        case let endpoint?: "http://\(endpoint)"
        case nil: "http://\(bind)"
        }
    }

    var isRunning: Bool { child?.isRunning ?? true }

    /// The last lines of what the front door printed.
    private var logTail: String {
        guard let stateDirectory,
            let text = try? String(contentsOfFile: stateDirectory + "/front-door.log", encoding: .utf8), !text.isEmpty
        else { return "" }
        let lines = text.split(separator: "\n").suffix(8).map { "\n    | \($0)" }
        return "; it printed:" + lines.joined()
    }

    /// Stops what was started: an order first, SIGTERM if that does not do, SIGKILL at last. `nil` for one that was running.
    func stop() -> Stop? {
        guard let child, let administration else { return nil }
        let begin = DriverClock.now
        var isOrderly = true
        if child.isRunning {
            let isOrdered = (try? administration.stop()) != nil
            isOrderly = isOrdered
            if !isOrdered || !child.waitForEnd(nanoseconds: stopWithin.nanoseconds) {
                isOrderly = false
                child.signal(SIGTERM)
                if !child.waitForEnd(nanoseconds: 10_000_000_000) {
                    child.signal(SIGKILL, group: true)
                    _ = child.waitForEnd(nanoseconds: 10_000_000_000)
                }
            }
        } else {
            isOrderly = false
        }
        let took = DriverClock.now - begin
        let left = leftovers.list().map { "pid \($0.pid): \($0.command)" }
        leftovers.end()
        return Stop(
            took: took, ending: child.ending, isOrderly: isOrderly && child.exitStatus == 0, leftovers: left)
    }

    /// Removes the state directory.
    func removeState() {
        guard let stateDirectory else { return }
        try? FileManager.default.removeItem(atPath: stateDirectory)
    }
}
