// What a loop keeps per descriptor. A trivial record: no reference counting when it is touched.

/// One connection, listener, timer or bell.
struct LoopSlot: BitwiseCopyable {
    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt64

        /// The session wants bytes.
        static let receiving = Flags(rawValue: 1 << 0)
        /// A read would not have to wait, as far as we know.
        static let readable = Flags(rawValue: 1 << 1)
        /// A write may succeed. Set by the edge or a poll, cleared by a short write.
        static let writable = Flags(rawValue: 1 << 2)
        /// Behind what can be read comes the end.
        static let peerDone = Flags(rawValue: 1 << 3)
        /// The connection failed, which was not told yet.
        static let hangup = Flags(rawValue: 1 << 4)
        static let connecting = Flags(rawValue: 1 << 5)
        /// A send failed; to be told.
        static let sendFailed = Flags(rawValue: 1 << 6)
        /// The wheel passed its deadline.
        static let deadline = Flags(rawValue: 1 << 7)
        /// Shut down sending once everything is with the system.
        static let endWanted = Flags(rawValue: 1 << 8)
        /// In one of the two lists of slots to look at. Survives `close`, since the list does.
        static let queued = Flags(rawValue: 1 << 9)
        static let listener = Flags(rawValue: 1 << 10)
        static let paused = Flags(rawValue: 1 << 11)
        static let bell = Flags(rawValue: 1 << 12)
        /// Has no descriptor.
        static let timer = Flags(rawValue: 1 << 13)

        /// Accepted in this turn: its request has probably come with it, so a read is tried before it is registered.
        static let fresh = Flags(rawValue: 1 << 14)
        /// Registered for writability too. (epoll)
        static let watchesRoom = Flags(rawValue: 1 << 31)
        /// Asked when a write may succeed. (io_uring)
        static let roomOrdered = Flags(rawValue: 1 << 32)

        /// The end follows what is sent now.
        static let corked = Flags(rawValue: 1 << 33)

        // io_uring: orders that the system has, and what they brought.

        /// Asks for failures of a paused connection.
        static let watchOrdered = Flags(rawValue: 1 << 15)
        static let receiveOrdered = Flags(rawValue: 1 << 16)
        /// That order goes on after each receive.
        static let isMultishot = Flags(rawValue: 1 << 17)
        /// That order has a big buffer.
        static let isBig = Flags(rawValue: 1 << 29)
        static let cancelOrdered = Flags(rawValue: 1 << 18)
        static let sendOrdered = Flags(rawValue: 1 << 19)
        static let connectOrdered = Flags(rawValue: 1 << 20)
        static let pollOrdered = Flags(rawValue: 1 << 21)
        /// Has bytes to order a send for at the end of the turn.
        static let dirty = Flags(rawValue: 1 << 22)
        /// Somebody saw unsent bytes: tell when there are none.
        static let drainWatched = Flags(rawValue: 1 << 23)
        static let drained = Flags(rawValue: 1 << 24)
        static let connectDone = Flags(rawValue: 1 << 25)
        static let receiveFailed = Flags(rawValue: 1 << 26)
        /// Received a full buffer lately: receives one big buffer at a time.
        static let bulk = Flags(rawValue: 1 << 27)
        /// Closed by the session; kept until the system has given back every order.
        static let leaving = Flags(rawValue: 1 << 28)

        /// The peer's end was told: nothing more is received.
        static let endTold = Flags(rawValue: 1 << 30)

        static let anyOrder: Flags = [
            .receiveOrdered, .sendOrdered, .connectOrdered, .pollOrdered, .watchOrdered, .roomOrdered,
        ]
        /// Survive a new tenant of the slot.
        static let ofList: Flags = [.queued]
    }

    var descriptor: CInt = -1
    /// Odd while in use.
    var generation: UInt32 = 0
    var flags: Flags = []
    /// A listener's token.
    var token: UInt32 = 0
    /// The errno of a failed send (or connect, with io_uring).
    var error: CInt = 0
    var queueNext: UInt32 = .max
    var freeNext: UInt32 = .max
    /// Accepts left in this turn.
    var accepts: Int32 = 0
    var unsent = 0
    var sent: UInt64 = 0
    /// What is unsent.
    var outbox = BlockChain()
    /// The splice that takes what this one receives, and the one that gives it what to send.
    var spliceOut: UInt32 = .max
    var spliceIn: UInt32 = .max

    // io_uring.
    /// What arrived while the session wanted nothing; told before `arrived…`.
    var inbox = BlockChain()
    /// Buffers that arrived and were not told yet, linked through the loop's table of buffers.
    var arrivedFirst: UInt32 = .max
    var arrivedLast: UInt32 = .max
    /// Bytes of the send that the system has.
    var sending: Int32 = 0
    var receiveError: CInt = 0
    /// Short receives in a row while `bulk`.
    var shortReceives: UInt8 = 0

    /// For sends.
    var more: CInt { flags.contains(.corked) ? 1 : 0 }
}
