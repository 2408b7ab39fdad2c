// The server's side of the keeper's socket: asks it for listeners, ports and instances, and hears of exits.

import Kernel
import Vocabulary

/// A connection to the keeper. One thread of its own reads and writes; every request has a deadline.
package final class KeeperClient: Sendable {
    /// The keeper's process.
    package let keeperPID: Int32
    /// How many servers this keeper has started, this one included.
    package let serverStarts: Int

    /// The end of every instance from now on, in order. Finishes when the keeper is lost. For one consumer.
    package let exits: AsyncStream<ExitReport>

    /// Yields once, when the keeper has ended or closed its socket: drain and exit. For one consumer.
    package let keeperLost: AsyncStream<Void>

    /// Takes over the descriptor given by `--keeper-descriptor` and waits for the keeper's greeting (5 s at most).
    package init(descriptor: CInt) throws(KeeperError) {
        keeperPID = 0
        serverStarts = 0
        exits = AsyncStream { $0.finish() }
        keeperLost = AsyncStream { $0.finish() }
    }

    /// Everything the keeper holds. Asking again returns the same descriptors of listeners.
    package func inventory() async throws(KeeperError) -> Inventory { throw .todo }

    /// Opens `sockets` (1…64) listening sockets that share the endpoint, or returns those that are open already under
    /// this name and endpoint, however many. `descriptors` belong to this client; `bound` has the real port.
    ///
    /// Refused: a name that is open on another endpoint; an endpoint that somebody else listens on.
    package func listen(
        name: ListenerName, endpoint: Endpoint, sockets: Int
    ) async throws(KeeperError) -> (descriptors: [CInt], bound: Endpoint) { throw .todo }

    /// Closes a listener, here and in the keeper. Nothing may use its descriptors any more.
    package func unlisten(name: ListenerName) async throws(KeeperError) {}

    /// A port of 127.0.0.1 that the kernel gives to nobody else by itself, while a program that sets `SO_REUSEADDR`
    /// can listen on it. Held until the instance that is spawned with it is forgotten, or this server ends.
    package func reservePort() async throws(KeeperError) -> UInt16 { throw .todo }

    /// Starts an instance. Returns once its program runs (`exec` has succeeded); throws with the step that failed.
    package func spawn(_ order: SpawnOrder) async throws(KeeperError) -> SpawnedProcess { throw .todo }

    /// Sends a signal to an instance, or to its whole process group. One that has ended already is left in peace:
    /// returns `false`.
    @discardableResult
    package func signal(
        _ id: InstanceID, signal: CInt, group: Bool
    ) async throws(KeeperError) -> Bool { throw .todo }

    /// Forgets an instance that has ended: its record, its exit and its port.
    package func forget(_ id: InstanceID) async throws(KeeperError) {}

    /// Tells the keeper that this server is about to exit for good. When it has, the keeper stops what instances are
    /// left and ends with `exitCode`.
    package func shutdown(exitCode: Int32 = 0) async throws(KeeperError) {}
}

extension KeeperError {
    fileprivate static var todo: KeeperError { KeeperError(code: .lost, reason: "the keeper is lost") }
}
