// Instances as the keeper holds them: running, then ended until the server forgets them. Loop-confined.

import Glibc
import Kernel
import Vocabulary

/// A running instance.
final class KeptInstance {
    let id: InstanceID
    let process: ChildProcess
    let isAdopted: Bool
    let logFile: String
    let record: [UInt8]
    let port: UInt16?
    /// `nil` also when an adopted instance listens on its port itself already: nobody else can take it then.
    let reservation: PortReservation?
    /// Whether its log could not be kept within bounds; said once.
    var hasLogComplaint = false

    init(
        id: InstanceID, process: consuming ChildProcess, isAdopted: Bool, logFile: String, record: [UInt8],
        port: UInt16?, reservation: PortReservation?
    ) {
        self.id = id
        self.process = process
        self.isAdopted = isAdopted
        self.logFile = logFile
        self.record = record
        self.port = port
        self.reservation = reservation
    }

    var held: HeldInstance {
        HeldInstance(
            id: id, pid: process.identity.pid, startTime: process.identity.startTime, port: port, logFile: logFile,
            isAdopted: isAdopted, record: record)
    }

    /// Sends a signal to it or to its group. `false` when it has ended.
    ///
    /// After SIGTERM comes SIGCONT, or a stopped process would never hear of it.
    func signal(_ signal: CInt, group: Bool) throws(SystemError) -> Bool {
        // Its own pid holds the group's number as long as it runs; between this look and the signal lies no wait.
        guard !process.descriptor.hasEnded else { return false }
        guard try send(signal, group: group) else { return false }
        if signal == SIGTERM { _ = try send(SIGCONT, group: group) }
        return true
    }

    private func send(_ signal: CInt, group: Bool) throws(SystemError) -> Bool {
        group ? try process.signalGroup(signal) : try process.descriptor.signal(signal)
    }

    /// Kills what is left of the group of a process that has ended, then reaps it. Returns how it ended.
    static func bury(_ process: borrowing ChildProcess) throws(SystemError) -> ExitReport.Status {
        var status = ExitReport.Status.unknown
        do {
            switch try process.descriptor.ending(isReaped: false) {
            case .code(let code): status = .code(code)
            case .signal(let signal): status = .signal(signal)
            case nil: break
            }
        } catch  where error.errno == ECHILD {
            // Its parent reaps it whenever it likes. Had its pid been given to another process by now, the group
            // could be that one's.
            guard try ProcessIdentity.current(of: process.identity.pid).map({ $0 == process.identity }) ?? true else {
                return .unknown
            }
            _ = try process.signalGroup(SIGKILL)
            return .unknown
        }
        _ = try process.signalGroup(SIGKILL)
        _ = try process.descriptor.ending(isReaped: true)
        return status
    }
}

/// An instance that has ended and is not forgotten yet.
struct EndedInstance {
    var held: HeldExit
    /// Kept until the server has taken the instance out of its routing: another program on that port would get the
    /// instance's requests.
    var reservation: PortReservation?
}
