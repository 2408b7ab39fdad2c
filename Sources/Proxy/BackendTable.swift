// The backends of one worker by slot number. Changed only when a table is applied.

import Synchronization

/// A growing array of `BackendState`, of which exchanges and connections hold slot numbers.
struct BackendTable: ~Copyable {
    /// Valid until the next `add`.
    private(set) var base: UnsafeMutablePointer<BackendState>
    private var capacity = 16
    private(set) var count = 0
    /// The gauge block of each slot in use: keeps its lanes alive.
    private(set) var owners: [GaugeBlock?] = []

    init() {
        base = .allocate(capacity: capacity)
    }

    deinit {
        for slot in 0..<count { base[slot].release() }
        base.deinitialize(count: count)
        base.deallocate()
    }

    subscript(slot: Int32) -> UnsafeMutablePointer<BackendState> {
        precondition(slot >= 0 && Int(slot) < count)
        return base + Int(slot)
    }

    func isUsed(_ slot: Int) -> Bool { owners[slot] != nil }

    mutating func add(_ state: BackendState, owner: GaugeBlock) -> Int32 {
        if let free = owners.firstIndex(where: { $0 == nil }) {
            base[free].release()
            owners[free] = owner
            base[free] = state
            return Int32(free)
        }
        if count == capacity {
            let wider = UnsafeMutablePointer<BackendState>.allocate(capacity: capacity * 2)
            wider.moveInitialize(from: base, count: count)
            base.deallocate()
            base = wider
            capacity *= 2
        }
        (base + count).initialize(to: state)
        owners.append(owner)
        count += 1
        return Int32(count - 1)
    }

    /// Counts on in another block; what is in flight moves along.
    mutating func replaceOwner(of slot: Int, by owner: GaugeBlock) {
        owners[slot] = owner
    }

    /// Gives the slot up. Its texts stay until it is used anew, for log lines of requests that were tried there.
    mutating func remove(_ slot: Int) {
        owners[slot] = nil
    }
}
