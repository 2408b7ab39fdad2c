// Buffers that are lent for as long as something waits in them: a partial head, a request that may be needed again,
// bytes that a slow peer has not taken. What is idle holds none. Loop-confined.

/// Lends blocks of two sizes. A returned block is lent again first, while it is warm in the cache.
package struct BlockPool: ~Copyable {
    package static let smallBytes = 4 * 1024
    /// A whole receive and a rewritten head fit.
    package static let largeBytes = 128 * 1024

    private var smallSpares: UnsafeMutableRawPointer?
    private var largeSpares: UnsafeMutableRawPointer?
    private var smallSpareCount = 0
    private var largeSpareCount = 0
    /// Blocks lent now: none may be left when nothing is going on.
    package private(set) var lentCount = 0
    /// Bytes of the blocks lent now.
    package private(set) var lentBytes = 0

    package init() {}

    deinit {
        for spares in [smallSpares, largeSpares] {
            var spare = spares
            while let block = spare {
                spare = block.load(as: UnsafeMutableRawPointer?.self)
                block.deallocate()
            }
        }
    }

    /// A block of at least `count` bytes (at most `largeBytes`) and its true size.
    package mutating func lend(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= Self.largeBytes, "no block has \(count) bytes")
        lentCount += 1
        if count <= Self.smallBytes {
            lentBytes += Self.smallBytes
            if let block = smallSpares {
                smallSpares = block.load(as: UnsafeMutableRawPointer?.self)
                smallSpareCount -= 1
                return UnsafeMutableRawBufferPointer(start: block, count: Self.smallBytes)
            }
            return .allocate(byteCount: Self.smallBytes, alignment: 16)
        }
        lentBytes += Self.largeBytes
        if let block = largeSpares {
            largeSpares = block.load(as: UnsafeMutableRawPointer?.self)
            largeSpareCount -= 1
            return UnsafeMutableRawBufferPointer(start: block, count: Self.largeBytes)
        }
        return .allocate(byteCount: Self.largeBytes, alignment: 16)
    }

    /// Takes a lent block back.
    package mutating func giveBack(_ block: UnsafeMutableRawBufferPointer) {
        lentCount -= 1
        lentBytes -= block.count
        let base = block.baseAddress!
        if block.count == Self.smallBytes {
            guard smallSpareCount < LoopLimits.spareBlocksMax else { return base.deallocate() }
            base.storeBytes(of: smallSpares, as: UnsafeMutableRawPointer?.self)
            smallSpares = base
            smallSpareCount += 1
        } else {
            guard largeSpareCount < LoopLimits.spareBlocksMax / 8 else { return base.deallocate() }
            base.storeBytes(of: largeSpares, as: UnsafeMutableRawPointer?.self)
            largeSpares = base
            largeSpareCount += 1
        }
    }
}
