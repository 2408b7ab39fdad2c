// The face of an event loop: orders go in, completions come out one by one through `next`. It is worded so that
// readiness (epoll) and completion (io_uring) systems fit behind it, and the session logic cannot tell which it has:
// bytes arrive in a buffer of the loop's, sends are taken as a whole, and everything that ends is told as an event.
//
// Not here: what the bytes mean.

import CKernel
import Glibc
import Vocabulary

/// One thread's event loop. Loop-confined: only the thread that runs it may touch it, except for `WakeupBell`.
///
/// No call blocks but `next`, and no call allocates in the steady state.
package protocol EventLoop: ~Copyable {
    /// - Throws: when the system refuses what a loop needs.
    init(_ limits: LoopLimits) throws(EventLoopError)

    /// The time at which the current turn began: read once per turn.
    var now: Instant { get }

    /// Waits until there is something to tell, and tells one thing.
    ///
    /// `event.bytes` are valid until the next call. A connection that was closed is never spoken of again.
    mutating func next(_ event: inout LoopEvent)

    /// Has the next turn begin without waiting, for who has something left to do.
    mutating func stayAwake()

    /// Rings this loop from any thread; valid until the loop ends.
    var bell: WakeupBell { get }

    /// Descriptors open now: connections on both sides, listeners and the loop's own.
    var openDescriptors: Int { get }

    /// Bytes of blocks lent now, for what is unsent or incomplete, and bytes in the pipes of splices.
    var lentBytes: Int { get }

    // MARK: Listeners

    /// Takes connections from `descriptor`, which stays the caller's. `token` comes back with each `.accepted`.
    /// - Returns: 0 or an errno.
    mutating func listen(on descriptor: CInt, token: UInt32) -> CInt
    /// Takes no more connections from it; its backlog stays. Unknown tokens are ignored.
    mutating func stopListening(token: UInt32)
    /// As `stopListening`, to be taken back by `resumeListening`.
    mutating func pauseListening(token: UInt32)
    mutating func resumeListening(token: UInt32)

    // MARK: Connections

    /// Starts to connect; `.connected` or `.connectFailed` follows. `nil` with an errno when the system refused at once.
    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle?

    /// The peer of an accepted connection, as the system gave it. Valid until the next call.
    func peerAddress(of connection: ConnectionHandle) -> UnsafePointer<sockaddr_storage>

    /// The address that the client of an accepted connection connected to; family `AF_UNSPEC` when it is not known.
    /// A system call.
    func localAddress(of connection: ConnectionHandle) -> sockaddr_storage

    /// Takes `pieces` as a whole, in order, behind what was sent before; they may be reused when it returns.
    ///
    /// A failure comes as `.sendFailed`. Callers hold back while `isCongested`; what they send nevertheless is kept.
    mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>)
    /// An end follows at once, by `shutdownSending` or `close`: what is sent from here on may leave in one segment with it.
    mutating func cork(_ connection: ConnectionHandle)
    /// Gives the system now what it takes of what was sent, for a connection that is about to be closed.
    mutating func hurry(_ connection: ConnectionHandle)
    /// Whether enough is waiting to be sent that its source should pause; `.drained` tells when it is over.
    func isCongested(_ connection: ConnectionHandle) -> Bool
    /// Bytes taken by `send` and not yet by the system.
    func unsentBytes(_ connection: ConnectionHandle) -> Int
    /// Bytes that the system took since the connection began: progress, and whether anything was sent at all.
    func sentBytes(_ connection: ConnectionHandle) -> UInt64
    /// Of these, the bytes that the peer has acknowledged. A system call: for rare looks at a slow peer, who may take
    /// much without the system taking more.
    func deliveredBytes(_ connection: ConnectionHandle) -> UInt64

    /// Moves the next `count` bytes that `source` receives to `sink` within the system, behind what was sent before.
    /// `.spliced` tells how it goes on, of `source`; the sink counts as congested while some are on their way. Pausing
    /// the source pauses it. It ends with the last byte, the source's end, or when anything else is sent to the sink;
    /// from then on bytes are received as usual.
    /// - Returns: whether it is so; `false` when the two are not such that it can be, or not at the moment.
    mutating func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool

    /// No `.received` or `.ended` until `resumeReceiving`; the peer is slowed down. Connections begin receiving.
    mutating func pauseReceiving(_ connection: ConnectionHandle)
    mutating func resumeReceiving(_ connection: ConnectionHandle)
    func isReceiving(_ connection: ConnectionHandle) -> Bool
    /// Asks the system now whether bytes, an end or an error wait to be received.
    func hasInput(_ connection: ConnectionHandle) -> Bool
    /// Whether something arrived, or the peer is gone, that `next` has not told yet. Costs no system call while receiving.
    func isStirred(_ connection: ConnectionHandle) -> Bool

    /// Sends what is unsent, then the end. Receiving goes on.
    mutating func shutdownSending(_ connection: ConnectionHandle)
    /// Ends the connection at once; unsent bytes are dropped.
    mutating func close(_ connection: ConnectionHandle)
    /// As `close`, and the peer sees a reset instead of a regular end.
    mutating func reset(_ connection: ConnectionHandle)

    // MARK: Time

    /// Asks for `.deadline` at `instant` or a little later; replaces the connection's former one. O(1).
    mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant)
    mutating func clearDeadline(_ connection: ConnectionHandle)
    /// A handle that has a deadline and nothing else. The loop must have room for it.
    mutating func makeTimer() -> ConnectionHandle
    /// Whether `makeTimer` has room, with some left for connections.
    var hasSpareSlots: Bool { get }
}
