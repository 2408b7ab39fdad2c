// Bytes that wait: a chain of lent blocks. A slot has one for what the system has not taken, and, with io_uring, one for
// what the session has not taken.

/// The first and the last block of a chain. Trivial: who drops it must have given the blocks back.
struct BlockChain: BitwiseCopyable {
    var first: UnsafeMutableRawPointer?
    var last: UnsafeMutableRawPointer?

    var isEmpty: Bool { first == nil }

    /// What waits in the first block; there must be one.
    var firstBytes: UnsafeMutableRawBufferPointer {
        let header = first!.assumingMemoryBound(to: BlockHeader.self)
        return UnsafeMutableRawBufferPointer(
            start: first! + header.pointee.start, count: header.pointee.end - header.pointee.start)
    }

    /// Takes the first block off, for the caller to give back; there must be one.
    mutating func removeFirst() -> UnsafeMutableRawBufferPointer {
        let base = first!
        let header = base.assumingMemoryBound(to: BlockHeader.self)
        first = header.pointee.following
        if first == nil { last = nil }
        return UnsafeMutableRawBufferPointer(start: base, count: header.pointee.blockBytes)
    }
}

/// At the start of each block of a chain.
private struct BlockHeader: BitwiseCopyable {
    var following: UnsafeMutableRawPointer?
    /// Of the whole block, for giving it back.
    var blockBytes: Int
    /// Offsets of what waits, from the start of the block.
    var start: Int
    var end: Int
}

extension BlockPool {
    /// Appends a copy of bytes.
    mutating func append(_ bytes: UnsafeRawPointer, _ count: Int, to chain: inout BlockChain) {
        var bytes = bytes
        var count = count
        while count > 0 {
            if let last = chain.last?.assumingMemoryBound(to: BlockHeader.self) {
                let room = min(count, last.pointee.blockBytes - last.pointee.end)
                (UnsafeMutableRawPointer(last) + last.pointee.end).copyMemory(from: bytes, byteCount: room)
                last.pointee.end += room
                bytes += room
                count -= room
                if count == 0 { return }
            }
            let start = MemoryLayout<BlockHeader>.size
            let block = lend(min(count + start, Self.largeBytes))
            let header = block.baseAddress!.bindMemory(to: BlockHeader.self, capacity: 1)
            header.initialize(to: BlockHeader(following: nil, blockBytes: block.count, start: start, end: start))
            if let last = chain.last?.assumingMemoryBound(to: BlockHeader.self) {
                last.pointee.following = block.baseAddress
            } else {
                chain.first = block.baseAddress
            }
            chain.last = block.baseAddress
        }
    }

    /// Takes `count` bytes off the front; blocks that become empty are given back.
    mutating func drop(_ count: Int, from chain: inout BlockChain) {
        var left = count
        while left > 0, let base = chain.first {
            let header = base.assumingMemoryBound(to: BlockHeader.self)
            let taken = min(left, header.pointee.end - header.pointee.start)
            header.pointee.start += taken
            left -= taken
            guard header.pointee.start == header.pointee.end else { return }
            giveBack(chain.removeFirst())
        }
    }

    mutating func dropAll(of chain: inout BlockChain) {
        while !chain.isEmpty { giveBack(chain.removeFirst()) }
    }

    /// For the end of the loop, when there is no pool to return to.
    static func deallocate(_ chain: BlockChain) {
        var block = chain.first
        while let base = block {
            block = base.assumingMemoryBound(to: BlockHeader.self).pointee.following
            base.deallocate()
        }
    }
}
