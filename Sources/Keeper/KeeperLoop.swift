// The keeper's one loop. A turn: read the clock, do what is due, wait in poll for signals, the server, its process and
// the processes of instances, then act on each. Nothing in it blocks for long, nothing is done in a signal handler.
//
// What happens when:
// 1. Start: records of an earlier keeper are read; processes that still are the ones they name are adopted, the others
//    are reported as ended. An earlier keeper's server that still finishes its requests is watched, and killed if it
//    takes too long; it has let go of the ports and of the admin socket by itself.
// 2. A server is started and told what there is. It asks for the inventory and then orders listeners, ports, instances.
// 3. The server dies: its group is killed, its unclaimed ports are released, and the next one starts at once (or
//    later: `ServerRestarts`). Listeners and instances stay.
// 4. An instance ends: while its zombie still holds the group's number, the group is killed; then it is reaped and
//    reported. Its record and its port stay until the server forgets it.
// 5. SIGTERM or SIGINT goes to the server. It drains, stops the instances, says `shutdown` and exits. Whatever it has
//    left behind gets SIGTERM, and SIGKILL after a grace. Then the loop returns the exit code.

import CKernel
import Glibc
import Kernel
import Vocabulary

/// The state and the loop of a keeper. Confined to the thread that calls `run`.
final class KeeperLoop {
    /// What the loop is given by the process it runs in; tests give it something else.
    struct Surroundings {
        /// Signals to act on.
        var signals: SignalSource
        /// Whether every child of this process is the keeper's to reap.
        var reapsOrphans: Bool
        /// The soft limit on open files of instances that have none of their own; `nil` for the keeper's.
        var openFilesOfInstances: Int?
        /// Starts a server that finds the given descriptor as its channel.
        var startServer: (_ channel: CInt) throws(SystemError) -> ChildProcess
        /// Takes one line for the operator.
        var say: (String) -> Void
    }

    /// What becomes of the whole.
    enum Course {
        case serving
        /// The server was told to stop.
        case stopping
        /// The server has gone for good; instances that are left are killed at the given time.
        case leaving(exitCode: Int32, killAt: Instant)
        case finished(exitCode: Int32)
    }

    /// The server's place.
    enum ServerPlace {
        case absent(startAt: Instant)
        case running(ServerLink)
        case gone
    }

    let configuration: KeeperProcess.Configuration
    let surroundings: Surroundings
    let records: InstanceRecords
    var course = Course.serving
    var place = ServerPlace.absent(startAt: .zero)
    /// An earlier keeper's server that is finishing its requests.
    var former: FormerServer?
    var restarts = ServerRestarts()
    var serverStarts = 0
    /// By name; iterated in the order of names only.
    var listeners: [ListenerName: KeptListener] = [:]
    var instances: [InstanceID: KeptInstance] = [:]
    var ended: [InstanceID: EndedInstance] = [:]
    /// Reserved by the present server and not taken by an instance yet.
    var reservations: [UInt16: PortReservation] = [:]
    /// The clock, read once per turn.
    var now = MonotonicClock.now
    private var logCheckAt: Instant

    /// Makes the directory of records if need be.
    init(_ configuration: KeeperProcess.Configuration, _ surroundings: Surroundings) throws(SystemError) {
        self.configuration = configuration
        self.surroundings = surroundings
        records = try InstanceRecords("\(configuration.stateDirectory)/instances")
        logCheckAt = now + KeeperLimits.logCheckInterval
    }

    /// Runs to the end and returns the exit code.
    func run() -> Int32 {
        adoptInstances()
        findFormerServer()
        while true {
            now = MonotonicClock.now
            actOnTime()
            if case .finished(let exitCode) = course { return exitCode }
            waitAndAct()
        }
    }

    func say(_ line: String) {
        surroundings.say(line)
    }

    // MARK: - One turn

    private func actOnTime() {
        switch place {
        case .absent(let startAt) where now >= startAt: startServer()
        case .running(let link):
            if let killAt = link.killAt, now >= killAt { killSilentServer(link) }
        default: break
        }
        if let former, now >= former.killAt { former.kill(say: surroundings.say) }
        if case .leaving(let exitCode, let killAt) = course {
            if now >= killAt { killLeftovers(exitCode: exitCode) }
            if instances.isEmpty { finish(exitCode: exitCode) }
        }
        if now >= logCheckAt {
            logCheckAt = now + KeeperLimits.logCheckInterval
            boundLogs()
        }
    }

    /// What a descriptor in the poll set stands for.
    private enum Watched {
        case signals
        case serverSocket(ServerLink)
        case serverProcess(ServerLink)
        case former(FormerServer)
        case instance(KeptInstance)
    }

    private func waitAndAct() {
        var watched: [Watched] = [.signals]
        var entries = [pollfd(fd: surroundings.signals.number, events: Int16(POLLIN), revents: 0)]
        func watch(_ what: Watched, _ number: CInt, _ events: CInt = POLLIN) {
            watched.append(what)
            entries.append(pollfd(fd: number, events: Int16(events), revents: 0))
        }
        // The server's socket comes before its process: what it said last counts before its death.
        switch place {
        case .running(let link):
            if link.isOpen {
                let reads = link.unsentCount < KeeperLimits.unsentBeforeWaiting ? POLLIN : 0
                watch(.serverSocket(link), link.socketNumber, reads | (link.unsentCount > 0 ? POLLOUT : 0))
            }
            watch(.serverProcess(link), link.process.descriptor.number)
        case .absent, .gone: break
        }
        if let former { watch(.former(former), former.process.descriptor.number) }
        for instance in instances.values { watch(.instance(instance), instance.process.descriptor.number) }

        let wait = nextDeadline - MonotonicClock.now
        let milliseconds = max(0, min(60_000, (wait.nanoseconds + 999_999) / 1_000_000))
        let ready = poll(&entries, nfds_t(entries.count), CInt(milliseconds))
        precondition(ready >= 0 || errno == EINTR || errno == EAGAIN || errno == ENOMEM, "poll: errno \(errno)")
        guard ready > 0 else { return }
        now = MonotonicClock.now
        for (entry, what) in zip(entries, watched) where entry.revents != 0 {
            switch what {
            case .signals: actOnSignals()
            case .serverSocket(let link): hear(link)
            case .serverProcess(let link): serverEnded(link)
            case .former(let former): formerServerEnded(former)
            case .instance(let instance): instanceEnded(instance)
            }
        }
    }

    private var nextDeadline: Instant {
        var next = logCheckAt
        switch place {
        case .absent(let startAt): next = min(next, startAt)
        case .running(let link): next = min(next, link.killAt ?? next)
        case .gone: break
        }
        if let former { next = min(next, former.killAt) }
        if case .leaving(_, let killAt) = course { next = min(next, killAt) }
        return next
    }

    private func actOnSignals() {
        while let signal = surroundings.signals.next() {
            switch signal {
            case SIGTERM, SIGINT: stop(signal)
            // Its default would be a core dump, or Swift's backtracer asking questions on the terminal.
            case SIGQUIT: stop(SIGTERM)
            case SIGHUP: forward(SIGHUP)
            case SIGCHLD: reapOrphans()
            default: break
            }
        }
    }

    /// Reaps children that are neither instances nor the server: orphans of theirs, which the kernel gave to us.
    private func reapOrphans() {
        guard surroundings.reapsOrphans else { return }
        while case let pid = ChildProcess.peekEnded(), let pid {
            if case .running(let link) = place, link.process.identity.pid == pid {
                serverEnded(link)
            } else if let instance = instances.values.first(where: { $0.process.identity.pid == pid }) {
                instanceEnded(instance)
            } else {
                ChildProcess.reap(pid)
            }
        }
    }
}
