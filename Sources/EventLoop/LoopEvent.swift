// What a loop tells, one at a time.

/// Names one connection for as long as it is open. The generation tells a reused slot from its predecessor.
package struct ConnectionHandle: Hashable, BitwiseCopyable, Sendable {
    /// The slot: callers keep their own records in arrays by this number.
    package var index: UInt32
    package var generation: UInt32

    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// Names no connection. (Generations in use are odd.)
    package static var none: ConnectionHandle { ConnectionHandle(index: .max, generation: 0) }

    package var isNone: Bool { generation == 0 }

    // Written out, because the derived ones are called through a witness table from other modules (2 % of the
    // user time).
    package static func == (left: ConnectionHandle, right: ConnectionHandle) -> Bool {
        left.index == right.index && left.generation == right.generation
    }

    package static func != (left: ConnectionHandle, right: ConnectionHandle) -> Bool { !(left == right) }
}

/// One completion.
package struct LoopEvent {
    package enum Kind: UInt8, Sendable {
        /// A client came: `connection` is new, `token` tells the listener.
        case accepted
        /// The system has no descriptor (or memory) for a waiting client: `error`, `token`.
        case acceptFailed
        /// An accepted connection of a dressed listener (TLS, PROXY protocol) has said what it must say first: from here
        /// on it carries the application's bytes.
        case established
        /// An accepted connection turned out to carry many streams (HTTP/2): it has no bytes of its own any more, and
        /// clients come as `.opened`.
        case multiplexed
        /// A stream of `parent` came: `connection` is new, is handled like an accepted connection, and carries one
        /// HTTP/1.1 exchange.
        case opened
        /// A part of the head of a further stream has come on a multiplexed connection, and holds everything else up.
        case headBegun
        /// More of it has come, and not the rest.
        case headGrew
        /// It is whole.
        case headEnded
        /// A connection that was asked for is there.
        case connected
        /// It could not be made: `error`. The handle is still to be closed.
        case connectFailed
        /// `bytes` arrived.
        case received
        /// `count` bytes that arrived are with the system for the sink of a splice: 0 when it has no room.
        case spliced
        /// The peer will send no more.
        case ended
        /// Everything taken by `send` is with the system, after a congestion.
        case drained
        /// The connection is of no more use: `error`. Of a stream to a backend: `ECONNREFUSED` when the backend has done
        /// nothing for the request, `EOPNOTSUPP` when it takes no tunnels.
        case broken
        /// The peer takes nothing any more: `error`. What it sent before is still received, and then the end is told.
        case sendFailed
        /// The connection failed while receiving is paused, told once; what came before can still be received.
        case hangup
        /// The connection's deadline passed; it has none now.
        case deadline
        /// Another thread rang.
        case wakeup
        /// Everything that was ready has been told: the loop is about to wait.
        case turn
    }

    package var kind: Kind
    package var connection: ConnectionHandle
    /// Of a stream: the connection that carries it.
    package var parent: ConnectionHandle
    package var token: UInt32
    package var error: CInt
    package var bytes: UnsafeRawBufferPointer
    package var count: Int

    package init() {
        kind = .turn
        connection = .none
        parent = .none
        token = 0
        error = 0
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        count = 0
    }
}
