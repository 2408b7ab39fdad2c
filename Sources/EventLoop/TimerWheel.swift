// Deadlines in O(1): a hashed wheel over slot numbers (Varghese and Lauck, 1987). A connection's deadline moves several
// times per request, nearly always to later, so an entry is only moved when its deadline comes *closer*; an entry whose
// bucket is reached before its time is put forward then.

import Vocabulary

/// What the wheel keeps per slot.
package struct TimerEntry: BitwiseCopyable {
    /// `.max`: none.
    package var deadline = Int64.max
    /// The tick in whose bucket the entry is; `.max`: in none.
    fileprivate var tick = Int64.max
    fileprivate var previous = UInt32.max
    fileprivate var following = UInt32.max

    package init() {}
}

/// A wheel of 1024 buckets of about 4 ms; deadlines further away come around several times.
package struct TimerWheel: ~Copyable {
    private static let shift: Int64 = 22
    private static let bucketCount = 1024
    private let heads: UnsafeMutablePointer<UInt32>
    private let occupied: UnsafeMutablePointer<UInt64>
    private var entries: Slabs<TimerEntry>
    /// Every bucket before this tick was emptied.
    private var currentTick: Int64

    package init(slotsMax: Int, now: Instant) {
        heads = .allocate(capacity: Self.bucketCount)
        heads.initialize(repeating: .max, count: Self.bucketCount)
        occupied = .allocate(capacity: Self.bucketCount / 64)
        occupied.initialize(repeating: 0, count: Self.bucketCount / 64)
        entries = Slabs(slotsMax: slotsMax, blank: TimerEntry())
        currentTick = now.nanoseconds >> Self.shift
    }

    deinit {
        heads.deallocate()
        occupied.deallocate()
    }

    /// Makes room for a slot.
    package mutating func prepare(_ slot: UInt32) {
        entries.prepare(slot)
    }

    package mutating func set(_ slot: UInt32, _ instant: Instant) {
        let entry = entries[slot]
        entry.pointee.deadline = instant.nanoseconds
        // One tick later, so that it is never early.
        let tick = max((instant.nanoseconds >> Self.shift) + 1, currentTick)
        guard tick < entry.pointee.tick else { return }
        if entry.pointee.tick != .max { unlink(slot) }
        link(slot, tick: tick)
    }

    /// Forgets the deadline. The entry leaves its bucket when that is reached.
    package mutating func clear(_ slot: UInt32) {
        entries[slot].pointee.deadline = .max
    }

    /// Forgets the slot.
    package mutating func remove(_ slot: UInt32) {
        let entry = entries[slot]
        entry.pointee.deadline = .max
        if entry.pointee.tick != .max { unlink(slot) }
    }

    /// Whether the slot's deadline is reached at `now`; if so it is forgotten.
    package mutating func take(_ slot: UInt32, now: Instant) -> Bool {
        let entry = entries[slot]
        guard entry.pointee.deadline <= now.nanoseconds else { return false }
        entry.pointee.deadline = .max
        return true
    }

    /// Calls `expired` with each slot whose deadline is reached at `now`. Deadlines stay until `take`.
    package mutating func advance(to now: Instant, _ expired: (UInt32) -> Void) {
        let nowTick = now.nanoseconds >> Self.shift
        guard nowTick >= currentTick else { return }
        // After a long wait, one round over all buckets sees every entry.
        var tick = max(currentTick, nowTick - Int64(Self.bucketCount) + 1)
        currentTick = nowTick + 1
        while tick <= nowTick {
            let bucket = Int(tick & Int64(Self.bucketCount - 1))
            if occupied[bucket >> 6] & (1 << UInt64(bucket & 63)) != 0 {
                empty(bucket, now: now, expired)
            }
            tick += 1
        }
    }

    private mutating func empty(_ bucket: Int, now: Instant, _ expired: (UInt32) -> Void) {
        var slot = heads[bucket]
        heads[bucket] = .max
        occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63))
        while slot != .max {
            let entry = entries[slot]
            let following = entry.pointee.following
            entry.pointee.tick = .max
            let deadline = entry.pointee.deadline
            if deadline <= now.nanoseconds {
                expired(slot)
            } else if deadline != .max {
                link(slot, tick: max((deadline >> Self.shift) + 1, currentTick))
            }
            slot = following
        }
    }

    /// How long until the next bucket that holds anything ends, in milliseconds; -1 when all are empty.
    package func millisecondsToNext(now: Instant) -> CInt {
        var distance = 0
        while distance < Self.bucketCount {
            let bucket = (Int(currentTick & Int64(Self.bucketCount - 1)) + distance) & (Self.bucketCount - 1)
            let word = occupied[bucket >> 6] >> UInt64(bucket & 63)
            if word == 0 {
                distance += 64 - (bucket & 63)
                continue
            }
            distance += word.trailingZeroBitCount
            guard distance < Self.bucketCount else { break }
            let start = (currentTick + Int64(distance)) << Self.shift
            let wait = start - now.nanoseconds
            return wait <= 0 ? 0 : CInt(min((wait + 999_999) / 1_000_000, 60_000))
        }
        return -1
    }

    private mutating func link(_ slot: UInt32, tick: Int64) {
        // Too far away for one round: the last bucket of this round puts it forward again.
        let reached = min(tick, currentTick + Int64(Self.bucketCount) - 1)
        let bucket = Int(reached & Int64(Self.bucketCount - 1))
        let entry = entries[slot]
        entry.pointee.tick = reached
        entry.pointee.previous = .max
        entry.pointee.following = heads[bucket]
        if heads[bucket] != .max { entries[heads[bucket]].pointee.previous = slot }
        heads[bucket] = slot
        occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
    }

    private mutating func unlink(_ slot: UInt32) {
        let entry = entries[slot]
        let bucket = Int(entry.pointee.tick & Int64(Self.bucketCount - 1))
        if entry.pointee.following != .max {
            entries[entry.pointee.following].pointee.previous = entry.pointee.previous
        }
        if entry.pointee.previous != .max {
            entries[entry.pointee.previous].pointee.following = entry.pointee.following
        } else {
            heads[bucket] = entry.pointee.following
            if heads[bucket] == .max { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
        }
        entry.pointee.tick = .max
    }
}
