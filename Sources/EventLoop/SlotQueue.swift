// The list of slots that have something to do, linked through the slots themselves.

/// A first-in first-out list without storage of its own. A slot is in at most one of a loop's lists (its `queued` flag).
struct SlotQueue {
    private var first = UInt32.max
    private var last = UInt32.max

    var isEmpty: Bool { first == .max }

    mutating func append(_ index: UInt32, _ slots: borrowing Slabs<LoopSlot>) {
        let slot = slots[index]
        guard !slot.pointee.flags.contains(.queued) else { return }
        slot.pointee.flags.insert(.queued)
        slot.pointee.queueNext = .max
        if last == .max { first = index } else { slots[last].pointee.queueNext = index }
        last = index
    }

    mutating func prepend(_ index: UInt32, _ slots: borrowing Slabs<LoopSlot>) {
        let slot = slots[index]
        guard !slot.pointee.flags.contains(.queued) else { return }
        slot.pointee.flags.insert(.queued)
        slot.pointee.queueNext = first
        first = index
        if last == .max { last = index }
    }

    mutating func popFirst(_ slots: borrowing Slabs<LoopSlot>) -> UInt32? {
        guard first != .max else { return nil }
        let index = first
        first = slots[index].pointee.queueNext
        if first == .max { last = .max }
        slots[index].pointee.flags.remove(.queued)
        return index
    }
}
