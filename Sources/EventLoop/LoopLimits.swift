// The bounds of one event loop, in one place.

/// What one loop may use.
package struct LoopLimits: Sendable {
    /// Connections (both sides) and timers open at once.
    package var slotsMax = 1 << 20
    /// Bytes one `receive` can bring. Measured: 64 KiB beats 16 KiB by a quarter and 128 KiB by 14 % (64 KiB bodies).
    package static let receiveBytesMax = 64 * 1024
    /// Connections accepted in a row before others get their turn.
    static let acceptsPerTurn = 16
    /// Spare blocks kept of each size; more are given back to the system.
    static let spareBlocksMax = 512

    /// Slots that `hasSpareSlots` leaves to connections.
    static let slotsLeft = 4096

    package init() {}
}
