// Bytes of one stream that wait: for the peer's window on the way out, for the session on the way in. In blocks that
// are lent, so that what is idle holds none. Loop-confined.

/// Lends blocks of one size. A returned block is lent again first, while it is warm in the cache.
struct BlockStore: ~Copyable {
    static let blockBytes = 4096
    /// Spare blocks kept; more are given back to the system.
    static let sparesMax = 1024

    private var spares: UnsafeMutableRawPointer?
    private var spareCount = 0
    /// Blocks lent now.
    private(set) var lentCount = 0

    init() {}

    deinit {
        var spare = spares
        while let block = spare {
            spare = block.load(as: UnsafeMutableRawPointer?.self)
            block.deallocate()
        }
    }

    mutating func lend() -> UnsafeMutableRawPointer {
        lentCount += 1
        guard let block = spares else { return .allocate(byteCount: Self.blockBytes, alignment: 16) }
        spares = block.load(as: UnsafeMutableRawPointer?.self)
        spareCount -= 1
        return block
    }

    mutating func giveBack(_ block: UnsafeMutableRawPointer) {
        lentCount -= 1
        guard spareCount < Self.sparesMax else { return block.deallocate() }
        block.storeBytes(of: spares, as: UnsafeMutableRawPointer?.self)
        spares = block
        spareCount += 1
    }
}

/// A first-in first-out queue of bytes. Trivial: whoever drops one clears it first.
struct ByteQueue {
    /// At the start of each block.
    private struct Header {
        var following: UnsafeMutableRawPointer?
        var start: Int32
        var end: Int32
    }

    private static let headerBytes = Int32(MemoryLayout<Header>.size)

    private var first: UnsafeMutableRawPointer?
    private var last: UnsafeMutableRawPointer?
    private(set) var count = 0

    init() {}

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: UnsafeRawBufferPointer, _ store: inout BlockStore) {
        guard var source = bytes.baseAddress else { return }
        var left = bytes.count
        count += left
        while left > 0 {
            if let last {
                let header = last.assumingMemoryBound(to: Header.self)
                let room = min(left, BlockStore.blockBytes - Int(header.pointee.end))
                (last + Int(header.pointee.end)).copyMemory(from: source, byteCount: room)
                header.pointee.end += Int32(room)
                source += room
                left -= room
                if left == 0 { return }
            }
            let block = store.lend()
            block.initializeMemory(
                as: Header.self, to: Header(following: nil, start: Self.headerBytes, end: Self.headerBytes))
            if let last { last.assumingMemoryBound(to: Header.self).pointee.following = block } else { first = block }
            last = block
        }
    }

    /// Moves the first `size` bytes, of which there must be as many, to `target`.
    mutating func take(_ size: Int, to target: UnsafeMutableRawPointer, _ store: inout BlockStore) {
        precondition(size <= count, "\(size) of \(count) bytes")
        var target = target
        var left = size
        count -= size
        while left > 0, let block = first {
            let header = block.assumingMemoryBound(to: Header.self)
            let piece = min(left, Int(header.pointee.end - header.pointee.start))
            target.copyMemory(from: block + Int(header.pointee.start), byteCount: piece)
            target += piece
            left -= piece
            header.pointee.start += Int32(piece)
            if header.pointee.start == header.pointee.end { dropFirst(&store) }
        }
    }

    /// Takes off the first block, whose bytes are returned and stay valid until the block is given back.
    mutating func takeBlock() -> (block: UnsafeMutableRawPointer, bytes: UnsafeRawBufferPointer)? {
        guard let block = first else { return nil }
        let header = block.assumingMemoryBound(to: Header.self).pointee
        first = header.following
        if first == nil { last = nil }
        let size = Int(header.end - header.start)
        count -= size
        return (block, UnsafeRawBufferPointer(start: block + Int(header.start), count: size))
    }

    mutating func clear(_ store: inout BlockStore) {
        while first != nil { dropFirst(&store) }
        count = 0
    }

    private mutating func dropFirst(_ store: inout BlockStore) {
        guard let block = first else { return }
        first = block.assumingMemoryBound(to: Header.self).pointee.following
        if first == nil { last = nil }
        store.giveBack(block)
    }
}
