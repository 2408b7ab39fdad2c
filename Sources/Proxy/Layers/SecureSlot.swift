// What `SecureLoop` keeps per slot of the loop beneath it. A trivial record: no reference counting when it is touched.

import EventLoop
import Glibc
import TLS

/// One connection. A plain one has `stage == .plain` and nothing else of interest.
struct SecureSlot {
    enum Stage: UInt8 {
        /// Bytes pass as they are.
        case plain
        /// The same, once what came behind a PROXY header was told.
        case spilling
        /// The balancer before us says who its client is: a PROXY header.
        case heralded
        /// An accepted connection in its handshake. Its session is made when its first bytes come, so that a client
        /// that says nothing costs nothing.
        case greeting
        /// A connection of ours in its handshake, from the moment it is asked for.
        case introducing
        case open
        /// The session is of no more use, and that was told or is about to be.
        case failed
    }

    struct Flags: OptionSet {
        let rawValue: UInt16
        /// The peer said that it will send no more; to be told once what came before was.
        static let endOwed = Flags(rawValue: 1 << 0)
        /// The end was told.
        static let endTold = Flags(rawValue: 1 << 1)
        /// The session failed while something else was told.
        static let breakOwed = Flags(rawValue: 1 << 2)
        /// HTTP/2 was agreed.
        static let isH2 = Flags(rawValue: 1 << 4)
        static let isResumed = Flags(rawValue: 1 << 5)
        /// The connection is one to a backend.
        static let isUpstream = Flags(rawValue: 1 << 6)
        /// Its address is in `peers`.
        static let hasPeer = Flags(rawValue: 1 << 7)
        /// A PROXY header gave that address.
        static let isHeralded = Flags(rawValue: 1 << 8)
        /// No PROXY header has come, and one must.
        static let lacksHeader = Flags(rawValue: 1 << 9)
    }

    /// Of the connection that has the slot; 0: none, or one that this layer knows nothing of.
    var generation: UInt32 = 0
    var stage = Stage.plain
    var flags: Flags = []
    /// Of an accepted connection: its listener's.
    var token: UInt32 = 0
    var session: TLSSession?
    /// Received and not yet decrypted.
    var inbox = Stash()
}

/// Handles in the order they came, some of them of connections that are gone meanwhile. Loop-confined.
struct HandleQueue: ~Copyable {
    private var room: UnsafeMutableBufferPointer<ConnectionHandle>
    private var first = 0
    private(set) var count = 0

    init() {
        room = .allocate(capacity: 64)
        room.initialize(repeating: .none)
    }

    deinit {
        room.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    /// Allocates when there were never so many.
    mutating func append(_ handle: ConnectionHandle) {
        if count == room.count {
            let wider = UnsafeMutableBufferPointer<ConnectionHandle>.allocate(capacity: 2 * room.count)
            wider.initialize(repeating: .none)
            for offset in 0..<count { wider[offset] = room[(first + offset) & (room.count - 1)] }
            room.deallocate()
            room = wider
            first = 0
        }
        room[(first + count) & (room.count - 1)] = handle
        count += 1
    }

    mutating func popFirst() -> ConnectionHandle? {
        guard count > 0 else { return nil }
        let handle = room[first]
        first = (first + 1) & (room.count - 1)
        count -= 1
        return handle
    }
}
