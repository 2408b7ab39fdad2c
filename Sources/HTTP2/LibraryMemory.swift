// Memory for libnghttp2, which asks for some ten small pieces per exchange and gives them back soon after: pieces of
// seven sizes, lent again while they are warm in the cache. Loop-confined, so no lock is taken.

import CNghttp2
import Glibc

/// The allocator of all sessions of one loop. Its pieces outlive no session.
struct LibraryMemory: ~Copyable {
    /// Pieces of one size that wait to be used again, linked through their first word.
    private struct Shelf {
        var first: UnsafeMutableRawPointer?
        var count = 0
    }

    /// In front of each piece: its shelf, or `shelfCount` for one of the system's. Keeps the alignment of 16.
    private static let prefixBytes = 16
    /// 64, 128, … 4096 bytes, prefix included; larger ones are the system's.
    private static let shelfCount = 7
    /// Pieces kept per size.
    private static let sparesMax = 2048

    private let shelves: UnsafeMutablePointer<Shelf>
    /// For `nghttp2_session_server_new3` and its like; good as long as this lives.
    let functions: UnsafeMutablePointer<nghttp2_mem>

    init() {
        shelves = .allocate(capacity: Self.shelfCount)
        shelves.initialize(repeating: Shelf(), count: Self.shelfCount)
        functions = .allocate(capacity: 1)
        functions.initialize(
            to: nghttp2_mem(
                mem_user_data: shelves,
                malloc: { size, context in LibraryMemory.lend(size, context) },
                free: { piece, context in LibraryMemory.giveBack(piece, context) },
                calloc: { count, size, context in
                    let (bytes, isTooMuch) = count.multipliedReportingOverflow(by: size)
                    guard !isTooMuch, let piece = LibraryMemory.lend(bytes, context) else { return nil }
                    return memset(piece, 0, bytes)
                },
                realloc: { piece, size, context in LibraryMemory.resize(piece, size, context) }))
    }

    deinit {
        for shelf in 0..<Self.shelfCount {
            var spare = shelves[shelf].first
            while let piece = spare {
                spare = piece.load(as: UnsafeMutableRawPointer?.self)
                free(piece - Self.prefixBytes)
            }
        }
        shelves.deallocate()
        functions.deallocate()
    }

    /// The shelf for pieces of `size` bytes; `shelfCount`: none.
    @inline(__always)
    private static func shelf(_ size: Int) -> Int {
        guard size <= 4096 - prefixBytes else { return shelfCount }
        return max(0, 58 - (max(size, 1) + prefixBytes - 1).leadingZeroBitCount)
    }

    private static func lend(_ size: Int, _ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let shelves = context?.assumingMemoryBound(to: Shelf.self), size >= 0, size < Int.max - prefixBytes else {
            return nil
        }
        let shelf = shelf(size)
        if shelf < shelfCount, let piece = shelves[shelf].first {
            shelves[shelf].first = piece.load(as: UnsafeMutableRawPointer?.self)
            shelves[shelf].count -= 1
            return piece
        }
        guard let base = malloc(shelf < shelfCount ? 64 << shelf : size + prefixBytes) else { return nil }
        base.storeBytes(of: shelf, as: Int.self)
        return base + prefixBytes
    }

    private static func giveBack(_ piece: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?) {
        guard let piece, let shelves = context?.assumingMemoryBound(to: Shelf.self) else { return }
        let base = piece - prefixBytes
        let shelf = base.load(as: Int.self)
        guard shelf < shelfCount, shelves[shelf].count < sparesMax else { return free(base) }
        piece.storeBytes(of: shelves[shelf].first, as: UnsafeMutableRawPointer?.self)
        shelves[shelf].first = piece
        shelves[shelf].count += 1
    }

    private static func resize(
        _ piece: UnsafeMutableRawPointer?, _ size: Int, _ context: UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        guard let piece else { return lend(size, context) }
        let base = piece - prefixBytes
        let shelf = base.load(as: Int.self)
        guard shelf < shelfCount else {
            guard size < Int.max - prefixBytes, let moved = realloc(base, size + prefixBytes) else { return nil }
            return moved + prefixBytes
        }
        let room = (64 << shelf) - prefixBytes
        guard size > room else { return piece }
        guard let wider = lend(size, context) else { return nil }
        wider.copyMemory(from: piece, byteCount: room)
        giveBack(piece, context)
        return wider
    }
}
