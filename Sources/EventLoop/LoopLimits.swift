// The bounds of one event loop, in one place.

/// What one loop may use.
package struct LoopLimits: Sendable {
    /// Connections (both sides) and timers open at once.
    package var slotsMax = 1 << 20
    /// Which one it is of the loops that share the work, from 0: of what they would fight over, each has its own.
    package var loop = 0
    /// Bytes one `receive` can bring: 64 KiB, and a head before them. Measured with bodies of 64 KiB: 16 KiB cost a third
    /// more CPU, 128 KiB 14 %; 64 KiB without room for the head, which takes two receives and two sends, 10 to 15 %.
    package static let receiveBytesMax = 68 * 1024
    /// Connections accepted in a row before others get their turn.
    static let acceptsPerTurn = 16
    /// Bytes that a pipe of a splice holds, if the system allows. Measured with bodies of 1 MiB: 8 % less CPU than with
    /// 256 KiB or 512 KiB.
    static let pipeBytes = 1 << 20
    /// A smaller one is not worth it.
    static let pipeBytesMin = 64 * 1024
    /// Splices that are not tried after the system has refused a pipe.
    static let pipesUntried = 256
    /// Bytes that one splice moves before others get their turn.
    static let splicedPerTurn = 1 << 20
    /// Empty pipes kept for the next splice.
    static let sparePipesMax = 8
    /// Spare blocks kept of each size; more are given back to the system.
    static let spareBlocksMax = 512

    /// Slots that `hasSpareSlots` leaves to connections.
    static let slotsLeft = 4096
    // io_uring.

    /// Orders per turn; more are submitted in between.
    static let ringEntries = 1024
    /// Buffers for receives of unknown size. Both counts are powers of two.
    static let smallBuffers = 512
    static let smallBufferBytes = 16 * 1024
    /// Buffers for bodies, of `receiveBytesMax`.
    static let bigBuffers = 64
    /// Receives in a row that end the use of big buffers.
    static let shortReceivesMax = 4
    /// Sends up to this size are copied and ordered with the others of the turn.
    static let copiedSendMax = 8 * 1024
    /// Unsent bytes that make a connection congested.
    static let congestionBytes = 64 * 1024

    package init() {}
}
