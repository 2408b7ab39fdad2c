// The server's side of the keeper's socket: asks it for listeners, ports and instances, and hears of exits.

import Glibc
import Kernel
import Vocabulary

/// A connection to the keeper. One thread of its own reads and writes; every request has a deadline.
package final class KeeperClient: Sendable {
    /// The keeper's process.
    package let keeperPID: Int32
    /// How many servers this keeper has started, this one included.
    package let serverStarts: Int
    /// A server of an earlier keeper that was still finishing its requests when this one was started.
    private let formerServer: ProcessDescriptor?

    /// The end of every instance since the (first) inventory was taken, in order, each once. Finishes when the keeper
    /// is lost. For one consumer.
    package let exits: AsyncStream<ExitReport>

    /// Yields once, when the keeper has ended or closed its socket: drain and exit. For one consumer.
    package let keeperLost: AsyncStream<Void>

    private let connection: KeeperConnection

    /// Takes over the descriptor given by `--keeper-descriptor` and waits for the keeper's greeting (5 s at most).
    ///
    /// Throws when the descriptor does not lead to a keeper, or to one of another version.
    package init(descriptor: CInt) throws(KeeperError) {
        guard descriptor >= 0, fcntl(descriptor, F_GETFD) >= 0 else {
            throw KeeperError(
                code: .lost, reason: "descriptor \(descriptor) does not lead to a keeper",
                hint: "the server is started by `portico serve`, not by hand")
        }
        // It came open through exec; none of our own children shall have it.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let (exits, exitsInlet) = AsyncStream.makeStream(of: ExitReport.self)
        let (lost, lostInlet) = AsyncStream.makeStream(of: Void.self)
        let connection: KeeperConnection
        do {
            connection = try KeeperConnection(descriptor, exits: exitsInlet, lost: lostInlet)
        } catch {
            throw KeeperError(error)
        }
        let greeting = try connection.greeting()
        keeperPID = greeting.keeperPID
        serverStarts = greeting.serverStarts
        // A process that can't be looked at is as good as gone.
        if let pid = greeting.formerServerPID {
            formerServer = try? ProcessDescriptor(opening: pid)
        } else {
            formerServer = nil
        }
        self.exits = exits
        keeperLost = lost
        self.connection = connection
        do {
            let thread = try NativeThread(name: "keeper-client") { connection.run() }
            thread.detach()
        } catch {
            throw KeeperError(error)
        }
    }

    /// Whether that server is still there: it may still have to let go of ports and the admin socket, and requests of
    /// its own may be in flight to instances.
    package var isFormerServerAlive: Bool {
        switch formerServer {
        case .some(let process): !process.hasEnded
        case nil: false
        }
    }

    deinit {
        connection.close()
    }

    /// Everything the keeper holds. Asking again returns the same descriptors of listeners. Exits that are in the first
    /// inventory are not in `exits`.
    package func inventory() async throws(KeeperError) -> Inventory {
        try await connection.ask(.inventory).inventory
    }

    /// Opens `sockets` (1…64) listening sockets that share the endpoint, or returns those that are open already under
    /// this name and endpoint, however many. `descriptors` belong to this client; `bound` has the real port.
    ///
    /// Refused: a name that is open on another endpoint; an endpoint that somebody else listens on.
    package func listen(
        name: ListenerName, endpoint: Endpoint, sockets: Int
    ) async throws(KeeperError) -> (descriptors: [CInt], bound: Endpoint) {
        _ = try await connection.ask(.listen(name: name, endpoint: endpoint, sockets: sockets))
        guard let listener = connection.listener(name) else { throw .unexpected }
        return (listener.descriptors, listener.bound)
    }

    /// Closes a listener, here and in the keeper; here even when the keeper is lost. Nothing may use its descriptors any
    /// more.
    package func unlisten(name: ListenerName) async throws(KeeperError) {
        connection.closeListener(name)
        _ = try await connection.ask(.unlisten(name: name))
    }

    /// A port of 127.0.0.1 that the kernel gives to nobody else by itself, while a program that sets `SO_REUSEADDR`
    /// can listen on it. Held until the instance that is spawned with it is forgotten, or this server ends.
    package func reservePort() async throws(KeeperError) -> UInt16 {
        guard case .port(let port) = try await connection.ask(.reservePort).answer else { throw .unexpected }
        return port
    }

    /// Starts an instance. Returns once its program runs (`exec` has succeeded); throws with the step that failed, and
    /// then nothing is left of it: its name may be used again and its port is free.
    package func spawn(_ order: SpawnOrder) async throws(KeeperError) -> SpawnedProcess {
        guard case .spawned(let process) = try await connection.ask(.spawn(order)).answer else { throw .unexpected }
        return process
    }

    /// Sends a signal to an instance, or to its whole process group; SIGCONT follows a SIGTERM. One that has ended
    /// already is left in peace: returns `false`.
    @discardableResult
    package func signal(_ id: InstanceID, signal: CInt, group: Bool) async throws(KeeperError) -> Bool {
        let order = KeeperOrder.signal(id: id, signal: signal, group: group)
        guard case .signalled(let isSent) = try await connection.ask(order).answer else { throw .unexpected }
        return isSent
    }

    /// Forgets an instance that has ended: its record, its exit and its port. To be called once no table routes to it.
    /// One that is not known is forgotten already.
    package func forget(_ id: InstanceID) async throws(KeeperError) {
        _ = try await connection.ask(.forget(id: id))
    }

    /// Tells the keeper that this server is about to exit for good. When it has, the keeper stops what instances are
    /// left (or, with `leavingInstances`, leaves them running for the next keeper to adopt) and ends with `exitCode`
    /// (0…255), or with 1 if the server itself exits with another code than 0 or `exitCode`.
    package func shutdown(exitCode: Int32 = 0, leavingInstances: Bool = false) async throws(KeeperError) {
        _ = try await connection.ask(.shutdown(exitCode: exitCode, leavingInstances: leavingInstances))
    }
}

extension KeeperError {
    fileprivate static let unexpected = KeeperError(
        code: .illFormed, reason: "the keeper's answer does not fit what it was asked")
}
