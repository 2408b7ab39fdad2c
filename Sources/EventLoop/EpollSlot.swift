// What the epoll loop keeps per descriptor. A trivial record: no reference counting when it is touched.

/// One connection, listener, timer or bell.
struct EpollSlot: BitwiseCopyable {
    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt32

        /// The session wants bytes.
        static let receiving = Flags(rawValue: 1 << 0)
        /// A read would not have to wait, as far as we know.
        static let readable = Flags(rawValue: 1 << 1)
        /// A write may succeed. Set by the edge, cleared by a short write.
        static let writable = Flags(rawValue: 1 << 2)
        /// EPOLLRDHUP was seen: behind what is readable comes the end.
        static let peerDone = Flags(rawValue: 1 << 3)
        /// EPOLLERR was seen and not yet told.
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
    }

    var descriptor: CInt = -1
    /// Odd while in use.
    var generation: UInt32 = 0
    var flags: Flags = []
    /// A listener's token.
    var token: UInt32 = 0
    /// The errno of a failed send.
    var error: CInt = 0
    var queueNext: UInt32 = .max
    var freeNext: UInt32 = .max
    /// Accepts left in this turn.
    var accepts: Int32 = 0
    var unsent = 0
    var sent: UInt64 = 0
    /// The chain of blocks that hold what is unsent.
    var outboxFirst: UnsafeMutableRawPointer?
    var outboxLast: UnsafeMutableRawPointer?
}

/// At the start of each block of an outbox.
struct OutboxHeader: BitwiseCopyable {
    var following: UnsafeMutableRawPointer?
    /// Of the whole block, for giving it back.
    var blockBytes: Int
    /// Offsets of what is unsent, from the start of the block.
    var start: Int
    var end: Int
}
