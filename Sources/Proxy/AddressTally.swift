// Connections per client address, over all workers: two rows of counters, and an address counts in one of each, picked by a
// seeded hash. The smaller of the two is at least the true number, and more only where other addresses share both.
//
// A table of addresses would be exact, but it grows, must be cleaned up, and is locked when several threads share it.
// Here an entry costs two additions, and nothing that a client does can make it slower or bigger.

import Glibc
import Synchronization
import Vocabulary

/// How many connections each address has open.
final class AddressTally: Sendable {
    /// With 50,000 connections of as many addresses, one in 30 shares a counter in one row and one in 900 in both; what it
    /// shares with must have used up the bound for it to matter.
    private static let rowCount = 1 << 18
    private let seed: UInt64
    // SAFETY: allocated once, freed in deinit; the counters are atomics. All zero bytes are counters at zero, and pages
    // that no address has touched cost no memory.
    private nonisolated(unsafe) let counters: UnsafeMutablePointer<Atomic<UInt32>>

    init(seed: UInt64) {
        self.seed = seed
        let bytes = calloc(2 * Self.rowCount, MemoryLayout<Atomic<UInt32>>.stride)
        precondition(bytes != nil, "no memory for the address counters")
        counters = bytes!.bindMemory(to: Atomic<UInt32>.self, capacity: 2 * Self.rowCount)
    }

    deinit { free(counters) }

    /// What stands for an address; never 0. IPv6 addresses count by their first 64 bits: one client has all the others.
    func key(of address: IPAddress) -> UInt64 {
        // The finalizer of SplitMix64, over the seed and the address.
        var mixed = (address.isV4 ? address.low : address.high) ^ seed
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return max(1, mixed ^ mixed >> 31)
    }

    /// Counts one more connection, unless that would be more than `limit`.
    func enter(_ key: UInt64, limit: Int) -> Bool {
        let (first, second) = places(of: key)
        let count = min(
            counters[first].add(1, ordering: .relaxed).newValue, counters[second].add(1, ordering: .relaxed).newValue)
        guard count > limit else { return true }
        leave(key)
        return false
    }

    func leave(_ key: UInt64) {
        let (first, second) = places(of: key)
        counters[first].subtract(1, ordering: .relaxed)
        counters[second].subtract(1, ordering: .relaxed)
    }

    private func places(of key: UInt64) -> (Int, Int) {
        let first = Int(key & UInt64(Self.rowCount - 1))
        return (first, Self.rowCount + Int(key >> 32 & UInt64(Self.rowCount - 1)))
    }
}
