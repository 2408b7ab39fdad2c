// Counters of one subject (a backend, a service, a listener) that one worker alone writes. Each worker has a lane of
// its own, two cache lines apart from the next, so counting costs a plain store and no worker ever waits for
// another. Readers add the lanes up.
//
// The load (how many are in flight, and its integral over time) is three numbers that belong together, so it is
// guarded by a sequence count: odd while being changed. A reader that meets a change reads again.
//
// Drain by proof needs no more than this: a worker stores the revision it applied with release ordering and from then
// on only ever lowers its lane of a draining backend, so lanes read after the revision and adding up to zero stay zero.

import Synchronization
import Vocabulary

/// What one worker counted about one subject. Written by that worker only.
struct GaugeLane: ~Copyable {
    private let sequence = Atomic<UInt64>(0)
    private let current = Atomic<Int>(0)
    private let integral = Atomic<Int64>(0)
    private let since = Atomic<Int64>(0)
    let requests = Atomic<UInt64>(0)
    let responses5xx = Atomic<UInt64>(0)
    let upstreamFailures = Atomic<UInt64>(0)
    let connectFailures = Atomic<UInt64>(0)
    let held = Atomic<Int>(0)
    /// Of a listener: TLS handshakes that went well, those of them that went on from an earlier session, and greetings
    /// that came to nothing.
    let handshakes = Atomic<UInt64>(0)
    let handshakesResumed = Atomic<UInt64>(0)
    let handshakesFailed = Atomic<UInt64>(0)
    /// Of those in flight: upgraded and TCP connections.
    let tunnels = Atomic<Int>(0)

    /// Adds `change` to what is in flight, from `now` on.
    func shift(by change: Int, now: Instant) {
        let turn = sequence.load(ordering: .relaxed)
        sequence.store(turn &+ 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        let count = current.load(ordering: .relaxed)
        let elapsed = now.nanoseconds &- since.load(ordering: .relaxed)
        integral.store(integral.load(ordering: .relaxed) &+ Int64(count) &* elapsed, ordering: .relaxed)
        since.store(now.nanoseconds, ordering: .relaxed)
        current.store(count &+ change, ordering: .relaxed)
        sequence.store(turn &+ 2, ordering: .releasing)
    }

    /// What is in flight, for a choice or for a drain proof.
    var inFlight: Int { current.load(ordering: .acquiring) }

    /// What is in flight and its integral up to `now`, taken together.
    func load(now: Instant) -> (inFlight: Int, nanoseconds: Int64) {
        while true {
            let before = sequence.load(ordering: .acquiring)
            let count = current.load(ordering: .relaxed)
            let sum = integral.load(ordering: .relaxed)
            let start = since.load(ordering: .relaxed)
            atomicMemoryFence(ordering: .acquiring)
            if before % 2 == 0, sequence.load(ordering: .relaxed) == before {
                // The worker's clock is read once per turn and may be behind or ahead of the reader's by a little.
                return (count, sum &+ Int64(count) &* max(0, now.nanoseconds &- start))
            }
        }
    }

    /// Adds `change` to a level that only the calling worker writes.
    static func shift(_ level: borrowing Atomic<Int>, by change: Int) {
        level.store(level.load(ordering: .relaxed) &+ change, ordering: .relaxed)
    }

    /// Adds one to a counter that only the calling worker writes.
    static func count(_ counter: borrowing Atomic<UInt64>) {
        counter.store(counter.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }
}

/// The lanes of one subject, one per worker, and what workers share about it.
final class GaugeBlock: Sendable {
    private static let stride = 128
    // SAFETY: allocated once, freed in deinit; each lane is written by one worker and read through atomics.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    let lanes: Int

    init(lanes: Int) {
        precondition(MemoryLayout<GaugeLane>.size <= Self.stride)
        self.lanes = lanes
        base = .allocate(byteCount: Self.stride * (lanes + 1), alignment: Self.stride)
        for index in 0..<lanes {
            (base + index * Self.stride).bindMemory(to: GaugeLane.self, capacity: 1).initialize(to: GaugeLane())
        }
        (base + lanes * Self.stride).bindMemory(to: Atomic<UInt64>.self, capacity: 1).initialize(to: Atomic(0))
        (base + lanes * Self.stride + 64).bindMemory(to: Atomic<Int>.self, capacity: 1).initialize(to: Atomic(0))
    }

    deinit {
        for index in 0..<lanes { lane(index).deinitialize(count: 1) }
        consecutiveConnectFailures.deinitialize(count: 1)
        heldTotal.deinitialize(count: 1)
        base.deallocate()
    }

    /// Valid as long as the block lives.
    func lane(_ index: Int) -> UnsafeMutablePointer<GaugeLane> {
        precondition(index < lanes)
        return (base + index * Self.stride).assumingMemoryBound(to: GaugeLane.self)
    }

    /// Connect failures in a row over all workers: behind the lanes, since every worker writes it.
    var consecutiveConnectFailures: UnsafeMutablePointer<Atomic<UInt64>> {
        (base + lanes * Self.stride).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Requests held over all workers, on a cache line of its own: every worker writes it.
    var heldTotal: UnsafeMutablePointer<Atomic<Int>> {
        (base + lanes * Self.stride + 64).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// The step from one lane to the next, in bytes: for summing without touching the block.
    static var laneStride: Int { stride }
}
