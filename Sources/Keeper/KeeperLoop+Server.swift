// The server's life, from the keeper's side: start, death, restart, orderly stop.

import Glibc
import Kernel
import Vocabulary

/// The server of an earlier keeper, which goes on without it until its requests are done. Loop-confined.
final class FormerServer {
    let process: ChildProcess
    private(set) var killAt: Instant

    init(process: consuming ChildProcess, killAt: Instant) {
        self.process = process
        self.killAt = killAt
    }

    /// Ends its grace.
    func kill(say: (String) -> Void) {
        say("the former server (pid \(process.identity.pid)) did not finish in time: killing it")
        _ = try? process.signalGroup(SIGKILL)
        killAt = Instant(nanoseconds: .max)
    }
}

extension KeeperLoop {
    // MARK: - Start

    func findFormerServer() {
        guard let process = ServerRecord.formerServer(in: configuration.stateDirectory) else { return }
        // It knows by its closed socket. A signal might hurry it and cost the requests it is finishing.
        say("the server of an earlier keeper (pid \(process.identity.pid)) is finishing its requests")
        former = FormerServer(process: process, killAt: now + configuration.formerServerWait)
    }

    func formerServerEnded(_ ended: FormerServer) {
        _ = try? KeptInstance.bury(ended.process)
        say("the former server (pid \(ended.process.identity.pid)) has ended")
        former = nil
    }

    func startServer() {
        do {
            var pair = try PacketSocketPair()
            let far = pair.takeFar()
            let process = try surroundings.startServer(far.number)
            serverStarts += 1
            let pid = process.identity.pid
            do {
                try ServerRecord.write(
                    process.identity, keeper: ProcessIdentity.current(of: getpid()), in: configuration.stateDirectory)
            } catch {
                say("the server's record could not be written: \(error)")
            }
            let link = ServerLink(process: process, socket: PacketSocket(pair.takeNear()), startedAt: now)
            place = .running(link)
            say("server started (pid \(pid), start \(serverStarts))")
            tell(
                link,
                .greeting(
                    version: KeeperWire.version, keeperPID: getpid(), serverStarts: serverStarts,
                    formerServerPID: former?.process.identity.pid))
        } catch {
            let delay = restarts.delay(afterLifetime: .zero)
            say("the server could not be started: \(error)")
            place = .absent(startAt: now + max(delay, KeeperLimits.restartDelayFirst))
        }
    }

    // MARK: - End

    /// The server's process has ended. What it said before is heard first.
    func serverEnded(_ link: ServerLink) {
        guard case .running(let current) = place, current === link else { return }
        while hear(link) {}
        let lifetime = now - link.startedAt
        let status: ExitReport.Status
        do {
            status = try KeptInstance.bury(link.process)
        } catch {
            say("the server's end could not be read: \(error)")
            status = .unknown
        }
        place = .gone
        reservations = [:]
        let pid = link.process.identity.pid
        if let goodbye = link.goodbye {
            say("server (pid \(pid)) \(status)")
            let isInOrder = status == .code(0) || status == .code(goodbye.exitCode)
            let exitCode = isInOrder ? goodbye.exitCode : 1
            if goodbye.leavesInstances { finish(exitCode: exitCode) } else { leave(exitCode: exitCode) }
            return
        }
        switch course {
        case .serving:
            let delay = restarts.delay(afterLifetime: lifetime)
            let again = delay == .zero ? "starting it again" : "starting it again in \(delay.inWords)"
            say("server (pid \(pid)) \(status) unexpectedly after \(lifetime.wholeMilliseconds) ms: \(again)")
            place = .absent(startAt: now + delay)
        case .stopping:
            say("server (pid \(pid)) \(status) while stopping")
            // One that was told before it could listen to signals died of the signal: that is a stop as well.
            let isInOrder = [.code(0), .signal(SIGTERM), .signal(SIGINT)].contains(status)
            leave(exitCode: isInOrder ? 0 : 1)
        case .leaving, .finished:
            break
        }
    }

    func killSilentServer(_ link: ServerLink) {
        say("server (pid \(link.process.identity.pid)) does not use its socket to the keeper any more: killing it")
        _ = try? link.process.signalGroup(SIGKILL)
    }

    // MARK: - Stop

    /// SIGTERM or SIGINT: the server stops in order. Without a server there is nobody to drain anything.
    func stop(_ signal: CInt) {
        say("\(SignalName.text(signal)): stopping")
        switch (place, course) {
        case (.running(let link), .serving), (.running(let link), .stopping):
            course = .stopping
            _ = try? link.process.descriptor.signal(signal)
        case (.absent, .serving):
            place = .gone
            leave(exitCode: 0)
        default:
            break
        }
    }

    func forward(_ signal: CInt) {
        guard case .running(let link) = place else { return }
        _ = try? link.process.descriptor.signal(signal)
    }

    /// The server has gone for good: instances that it left behind get SIGTERM and a grace.
    func leave(exitCode: Int32) {
        course = .leaving(exitCode: exitCode, killAt: now + configuration.leftoverGrace)
        for instance in instances.values.sorted(by: { $0.id < $1.id }) {
            say("\(instance.id) (pid \(instance.process.identity.pid)) is left: stopping it")
            signalLeftover(instance, SIGTERM)
        }
    }

    func killLeftovers(exitCode: Int32) {
        for instance in instances.values.sorted(by: { $0.id < $1.id }) {
            say("\(instance.id) (pid \(instance.process.identity.pid)) did not stop in time: killing it")
            signalLeftover(instance, SIGKILL)
        }
        course = .leaving(exitCode: exitCode, killAt: Instant(nanoseconds: .max))
    }

    private func signalLeftover(_ instance: KeptInstance, _ signal: CInt) {
        do {
            _ = try instance.signal(signal, group: true)
        } catch {
            say("\(instance.id): \(error)")
        }
    }

    /// The end of the keeper. Instances that run on, if any, keep their records for the next one.
    func finish(exitCode: Int32) {
        for id in ended.keys.sorted() { removeRecord(id) }
        do {
            if let former {
                // The next keeper has to know of it.
                try ServerRecord.write(former.process.identity, keeper: nil, in: configuration.stateDirectory)
            } else {
                try ServerRecord.remove(in: configuration.stateDirectory)
            }
        } catch {
            say("\(error)")
        }
        listeners = [:]
        course = .finished(exitCode: exitCode)
        say("ended")
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }
}
