// The bound on a listener's connections, shared by its workers. Exact, without a lock, and fair:
//
// 1. A worker that accepted a client takes a place (`enter`). With none free, or with others already waiting, the client
//    waits in that worker, which stops accepting: the rest of the queue stays with the system.
// 2. A worker whose client waits sets its bit (`wait`) and then looks for a free place once more. A worker whose client
//    leaves looks at the bits after it has freed the place. Whatever the order, one of the two sees the other.
// 3. A place that is freed while somebody waits is not freed but handed over: the bits are served in turn, the worker
//    gets a grant and its bell rings. No worker can starve another, and nobody polls.
// 4. A worker that has nobody left to give its grant to hands it on (`leave`).

import EventLoop
import Synchronization

/// What one worker counted about a listener, and what it was granted.
struct ListenerLane: ~Copyable {
    /// Places handed over, not yet taken. Raised by any worker.
    let grants = Atomic<Int>(0)
    /// Connections closed before they could ask for anything, by reason. Written by the lane's worker only.
    let perAddress = Atomic<UInt64>(0)
    let untrusted = Atomic<UInt64>(0)
    let unheralded = Atomic<UInt64>(0)
    /// How often accepting paused: the bound on connections was reached, or descriptors or memory were short.
    let pausedFull = Atomic<UInt64>(0)
    let pausedShort = Atomic<UInt64>(0)
}

/// The places of one listener.
final class ListenerGate: Sendable {
    private static let stride = 128
    private let open = Atomic<Int>(0)
    private let limit: Atomic<Int>
    /// The workers that have somebody waiting, a bit each.
    private let waiting = Atomic<UInt64>(0)
    /// Whose turn is next.
    private let turn = Atomic<Int>(0)
    private let bells: WorkerBells
    let addresses: AddressTally
    // SAFETY: allocated once, freed in deinit; what is in the lanes is read and written through atomics.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    let workers: Int

    init(workers: Int, limit: Int, bells: WorkerBells, seed: UInt64) {
        precondition(MemoryLayout<ListenerLane>.size <= Self.stride)
        self.workers = workers
        self.limit = Atomic(limit)
        self.bells = bells
        addresses = AddressTally(seed: seed)
        base = .allocate(byteCount: Self.stride * workers, alignment: Self.stride)
        for index in 0..<workers {
            (base + index * Self.stride).bindMemory(to: ListenerLane.self, capacity: 1).initialize(to: ListenerLane())
        }
    }

    deinit {
        for index in 0..<workers { lane(index).deinitialize(count: 1) }
        base.deallocate()
    }

    /// Valid as long as the gate lives.
    func lane(_ index: Int) -> UnsafeMutablePointer<ListenerLane> {
        precondition(index < workers)
        return (base + index * Self.stride).assumingMemoryBound(to: ListenerLane.self)
    }

    /// For the control plane: workers that have somebody waiting find out when they apply the table.
    func setLimit(_ limit: Int) {
        self.limit.store(limit, ordering: .sequentiallyConsistent)
    }

    /// Takes a place for a client that just came; `false` when it has to wait.
    func enter() -> Bool { waiting.load(ordering: .sequentiallyConsistent) == 0 && take() }

    /// Takes a place if one is free, whoever waits.
    func take() -> Bool {
        var count = open.load(ordering: .sequentiallyConsistent)
        while count < limit.load(ordering: .sequentiallyConsistent) {
            let (exchanged, original) = open.weakCompareExchange(
                expected: count, desired: count + 1, ordering: .sequentiallyConsistent)
            if exchanged { return true }
            count = original
        }
        return false
    }

    /// Says that somebody waits in this worker; `true` when a place came free meanwhile and is taken.
    func wait(worker: Int) -> Bool {
        let bit = UInt64(1) << UInt64(worker)
        waiting.bitwiseOr(bit, ordering: .sequentiallyConsistent)
        return take()
    }

    /// Nobody waits in this worker any more. A grant may be on its way all the same.
    func stopWaiting(worker: Int) {
        waiting.bitwiseAnd(~(UInt64(1) << UInt64(worker)), ordering: .sequentiallyConsistent)
    }

    /// Gives a place back, or hands it to who waits.
    func leave() {
        while true {
            let mask = waiting.load(ordering: .sequentiallyConsistent)
            if mask == 0 || open.load(ordering: .sequentiallyConsistent) > limit.load(ordering: .sequentiallyConsistent)
            {
                open.subtract(1, ordering: .sequentiallyConsistent)
                // Somebody may have begun to wait between the look and the subtraction.
                guard waiting.load(ordering: .sequentiallyConsistent) != 0, take() else { return }
                continue
            }
            let first = turn.load(ordering: .relaxed)
            let later = mask & (UInt64.max << UInt64(first))
            let worker = (later != 0 ? later : mask).trailingZeroBitCount
            let (exchanged, _) = waiting.compareExchange(
                expected: mask, desired: mask & ~(UInt64(1) << UInt64(worker)), ordering: .sequentiallyConsistent)
            guard exchanged else { continue }
            turn.store((worker + 1) % workers, ordering: .relaxed)
            lane(worker).pointee.grants.add(1, ordering: .releasing)
            return bells.ring(worker)
        }
    }

    /// Takes the grants of a worker out; they are places that it must use or give back.
    func takeGrants(worker: Int) -> Int {
        let grants = lane(worker)
        guard grants.pointee.grants.load(ordering: .relaxed) != 0 else { return 0 }
        return grants.pointee.grants.exchange(0, ordering: .acquiring)
    }
}
