// What is kept per stream. Trivial and pooled, so that pointers to it stay good as long as the multiplexer lives; the
// generation tells a record in use from its predecessor.

import HTTPWire

package typealias StreamPointer = UnsafeMutablePointer<Stream>

/// One stream of a session: one HTTP/1.1 exchange, or a tunnel.
package struct Stream {
    struct Flags: OptionSet {
        let rawValue: UInt32
        /// The request's method is HEAD.
        static let isHead = Flags(rawValue: 1 << 0)
        /// Extended CONNECT (RFC 8441): an upgrade in HTTP/1.1.
        static let isTunnel = Flags(rawValue: 1 << 1)
        /// END_STREAM was received.
        static let inputEnded = Flags(rawValue: 1 << 2)
        /// DATA goes to the session in chunks.
        static let inputChunked = Flags(rawValue: 1 << 3)
        /// What is still received goes nowhere.
        static let inputDropped = Flags(rawValue: 1 << 4)
        /// The end of the input waits behind the inbox.
        static let endWaits = Flags(rawValue: 1 << 5)
        /// A final head was received (client).
        static let hasFinalHead = Flags(rawValue: 1 << 6)
        /// The session wants no bytes now.
        static let isPaused = Flags(rawValue: 1 << 7)
        /// `.opened` was told (server), or the stream was asked for (client).
        static let isTold = Flags(rawValue: 1 << 8)
        /// What the session sends goes through a data source.
        static let hasSource = Flags(rawValue: 1 << 9)
        /// The data source said that it has nothing for now.
        static let isDeferred = Flags(rawValue: 1 << 10)
        /// The message of the session is complete.
        static let outputEnded = Flags(rawValue: 1 << 11)
        /// END_STREAM was sent.
        static let outputDone = Flags(rawValue: 1 << 12)
        /// `outboxBytesMax` was reached; `.drained` is due.
        static let isCongested = Flags(rawValue: 1 << 13)
        /// The frame with the head was handed out (client): the request may have been seen.
        static let headSent = Flags(rawValue: 1 << 14)
        /// libnghttp2 knows the stream no more.
        static let isGone = Flags(rawValue: 1 << 15)
        /// RST_STREAM is on its way because the session gave up.
        static let isReset = Flags(rawValue: 1 << 16)
        /// Lost its owner before its end was sent.
        static let isOrphan = Flags(rawValue: 1 << 17)
        /// `.opened` waits to be told.
        static let isAnnounced = Flags(rawValue: 1 << 18)
        /// Was to be a tunnel to a backend that takes none.
        static let lacksTunnels = Flags(rawValue: 1 << 19)
        /// The request says that its client takes trailers (client).
        static let takesTrailers = Flags(rawValue: 1 << 20)
        /// Is an orphan for long.
        static let isOverdue = Flags(rawValue: 1 << 21)
    }

    /// How far the message that the session sends has been read.
    enum Output {
        case head
        case length(UInt64)
        case chunked(ChunkedDecoder)
        /// A tunnel: bytes as they are.
        case raw
        case ended
    }

    /// The session's name for it; 0: none, it is on its own.
    package internal(set) var owner: UInt64 = 0
    package internal(set) var session: SessionPointer?
    /// Odd while in use.
    package internal(set) var generation: UInt32 = 0
    /// Bytes handed out since the record began: progress of a slow peer.
    package internal(set) var sent: UInt64 = 0
    var id: Int32 = -1
    var flags: Flags = []
    var output = Output.head
    /// Of a tunnel to a backend: what its HTTP/1.1 client waits for.
    var accept: WebSocketAccept.Text = .init(repeating: 0)
    var outbox = ByteQueue()
    /// Trailer fields of the session's message, as lines.
    var trailers = ByteQueue()
    var inbox = ByteQueue()
    /// Body bytes that the stated length leaves; -1: no length was stated.
    var inputLeft: Int64 = -1
    /// DATA bytes in the inbox that the peer's window has not been given back for.
    var inboxWindow = 0
    /// Neighbours in the session's list; `next` also links spare records.
    var previous: StreamPointer?
    var next: StreamPointer?

    /// Whether the session has said all it has to say.
    package var isComplete: Bool { flags.contains(.outputEnded) }
    /// Whether nothing that is sent or received any more reaches the peer.
    package var isGone: Bool { flags.contains(.isGone) }
    /// The request or part of it may have reached the peer (client).
    package var mayBeSeen: Bool { flags.contains(.headSent) }
    /// Whether the peer's message is complete.
    package var hasWholeInput: Bool { flags.contains(.inputEnded) || inputLeft == 0 }
    /// Bytes that wait to be sent.
    package var unsentBytes: Int { outbox.count + trailers.count }
}
