// The slots of a loop: who has which, their deadlines, and which of them have something to do in this turn and the
// next. Both backends use it. Loop-confined.

import Vocabulary

/// Slots by number, with a list of free ones, a timer wheel and the two lists of a turn.
struct SlotTable: ~Copyable {
    private(set) var slots: Slabs<LoopSlot>
    private let slotsMax: Int
    /// One past the highest slot ever used.
    private(set) var count: UInt32 = 0
    private var freeFirst = UInt32.max
    /// Slots in use that have a descriptor.
    private(set) var openDescriptors = 0
    var wheel: TimerWheel
    var splices = SpliceTable()
    /// Slots to look at in this turn, and in the next.
    private var current = SlotQueue()
    private var upcoming = SlotQueue()
    /// Somebody has something left to do, who is in none of the lists.
    var isAwake = false

    init(slotsMax: Int, now: Instant) {
        self.slotsMax = slotsMax
        slots = Slabs(slotsMax: slotsMax, blank: LoopSlot())
        wheel = TimerWheel(slotsMax: slotsMax, now: now)
    }

    @inline(__always)
    subscript(index: UInt32) -> UnsafeMutablePointer<LoopSlot> { slots[index] }

    /// The slot of a connection that is open.
    @inline(__always)
    subscript(handle: ConnectionHandle) -> UnsafeMutablePointer<LoopSlot> {
        let slot = slots[handle.index]
        precondition(slot.pointee.generation == handle.generation, "the connection is closed")
        return slot
    }

    /// `nil` when all are in use.
    mutating func make(descriptor: CInt, flags: LoopSlot.Flags) -> ConnectionHandle? {
        let index: UInt32
        if freeFirst != .max {
            index = freeFirst
            freeFirst = slots[index].pointee.freeNext
        } else {
            guard Int(count) < slotsMax else { return nil }
            index = count
            slots.prepare(index)
            wheel.prepare(index)
            count += 1
        }
        let slot = slots[index]
        let kept = slot.pointee.flags.intersection(.ofList)
        let queueNext = slot.pointee.queueNext
        let generation = slot.pointee.generation &+ 1
        slot.pointee = LoopSlot()
        slot.pointee.descriptor = descriptor
        slot.pointee.generation = generation
        slot.pointee.flags = flags.union(kept)
        slot.pointee.queueNext = queueNext
        if descriptor >= 0 { openDescriptors += 1 }
        return ConnectionHandle(index: index, generation: generation)
    }

    /// Whether there is room for more timers, with some left for connections.
    var hasSpare: Bool { freeFirst != .max || Int(count) + LoopLimits.slotsLeft < slotsMax }

    /// The handle names nothing any more; the slot is not used anew before `recycle`.
    mutating func retire(_ handle: ConnectionHandle) {
        wheel.remove(handle.index)
        if slots[handle.index].pointee.descriptor >= 0 { openDescriptors -= 1 }
        slots[handle.index].pointee.generation &+= 1
    }

    /// Gives the number of a retired slot to the next one who asks.
    mutating func recycle(_ index: UInt32) {
        let slot = slots[index]
        slot.pointee.descriptor = -1
        slot.pointee.flags.formIntersection(.ofList)
        slot.pointee.freeNext = freeFirst
        freeFirst = index
    }

    mutating func free(_ handle: ConnectionHandle) {
        retire(handle)
        recycle(handle.index)
    }

    /// Searches all slots: listeners are few and seldom changed, and they are the first slots made.
    func listener(_ token: UInt32) -> ConnectionHandle? {
        for index in 0..<count {
            let slot = slots[index].pointee
            if slot.generation % 2 == 1, slot.flags.contains(.listener), slot.token == token {
                return ConnectionHandle(index: index, generation: slot.generation)
            }
        }
        return nil
    }

    // MARK: The lists of a turn

    /// Whether the next turn comes without sleep.
    var hasUpcoming: Bool { isAwake || !upcoming.isEmpty }

    /// The slot is looked at in the next turn, which comes without sleep.
    mutating func queue(_ index: UInt32) { upcoming.append(index, slots) }

    /// The slot is looked at next, in this turn.
    mutating func queueFirst(_ index: UInt32) { current.prepend(index, slots) }

    mutating func popFirst() -> UInt32? { current.popFirst(slots) }

    /// Marks and queues every slot whose deadline is reached.
    mutating func tellDeadlines(_ now: Instant) {
        wheel.advance(to: now) { index in
            slots[index].pointee.flags.insert(.deadline)
            upcoming.append(index, slots)
        }
    }

    mutating func beginTurn() {
        isAwake = false
        swap(&current, &upcoming)
    }
}
