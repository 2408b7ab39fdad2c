// What `MultiplexLoop` keeps per slot of the loop beneath it, per HTTP/2 connection, and per backend address.

import CKernel
import EventLoop
import Glibc
import HTTP2
import Vocabulary

typealias CarrierPointer = UnsafeMutablePointer<Carrier>

/// One handle. A plain one has `kind == .plain` and nothing else of interest. Trivial.
struct MultiplexSlot {
    enum Kind: UInt8 {
        /// Calls and events pass as they are.
        case plain
        /// An accepted connection of an h2c listener that has not shown what it speaks.
        case sniffed
        /// An HTTP/2 connection.
        case carrier
        /// A client's stream: a timer of the loop beneath.
        case stream
        /// An HTTP/1.1 connection to a backend that speaks HTTP/2, which is none: a timer of the loop beneath. Each
        /// request on it becomes a stream on whichever carrier has room.
        case link
        /// A carrier's own timer.
        case alarm
    }

    var kind = Kind.plain
    /// Bytes of the preface seen so far.
    var prefaceBytes: UInt8 = 0
    /// Of a link: the session wants no bytes.
    var isPaused = false
    /// Of a link: waits for a carrier to be connected.
    var isWaiting = false
    /// Of the connection that has the slot.
    var handle = ConnectionHandle.none
    /// Of a stream: the connection that carries it, as long as that is open.
    var parent = ConnectionHandle.none
    /// Of an accepted connection or a stream: the listener's.
    var token: UInt32 = 0
    /// Of a link: its backend address.
    var host: Int32 = -1
    /// Of a stream, or of a link with a request in progress.
    var stream: StreamPointer?
    var carrier: CarrierPointer?
    /// Of a link: bytes sent by the requests before this one.
    var sentBefore: UInt64 = 0
}

/// One HTTP/2 connection. Trivial; made and freed by `MultiplexLoop`.
struct Carrier {
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let isServer = Flags(rawValue: 1 << 0)
        /// In the list of those that may have something to send.
        static let isDirty = Flags(rawValue: 1 << 1)
        /// To a backend, and not there yet.
        static let isConnecting = Flags(rawValue: 1 << 2)
        /// To a backend that has not said yet what it takes.
        static let isGreeting = Flags(rawValue: 1 << 5)
        /// The alarm is set for the second GOAWAY.
        static let awaitsDrain = Flags(rawValue: 1 << 3)
        /// The alarm is set for streams that the peer does not take.
        static let watchesOrphans = Flags(rawValue: 1 << 4)
    }

    var handle = ConnectionHandle.none
    var session: SessionPointer?
    var flags: Flags = []
    /// The listener's token.
    var token: UInt32 = 0
    /// To a backend: its address.
    var host: Int32 = -1
    var alarm = ConnectionHandle.none
    /// `session.sent` when the alarm was set.
    var sentMark: UInt64 = 0
    /// `session.headCount` of the head that was told to be half there; 0: none.
    var headMark: UInt32 = 0
    var dirtyNext: CarrierPointer?
    /// Neighbours among all clients' carriers, or among those of one host.
    var previous: CarrierPointer?
    var next: CarrierPointer?
}

/// An address that is spoken to in HTTP/2, and the carriers that lead there.
struct Host {
    var address = sockaddr_storage()
    var addressLength: UInt32 = 0
    var family: CInt = 0
    var dress: UpstreamDress?
    /// Links to it; the carriers go with the last of them.
    var linkCount = 0
    var carriers: CarrierPointer?
    var carrierCount = 0

    var isUsed: Bool { linkCount > 0 || carriers != nil }
}

/// An event of this layer's own, which waits to be told.
struct OwedEvent {
    var kind: LoopEvent.Kind
    var connection: ConnectionHandle
    var error: CInt = 0
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
}

extension ConnectionHandle {
    /// As a name for `HTTP2`; never 0, because generations in use are odd.
    var packed: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    init(packed: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: packed), generation: UInt32(truncatingIfNeeded: packed >> 32))
    }
}
