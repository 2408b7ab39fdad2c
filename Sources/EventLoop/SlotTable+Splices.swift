// Splices between the slots of a loop: how they begin and end, and what is told of them. When to look again is each
// backend's business.

import CKernel
import Glibc

extension SlotTable {
    /// Bytes in the pipe towards a slot.
    func heldBytes(_ slot: UnsafeMutablePointer<LoopSlot>) -> Int {
        slot.pointee.spliceIn == .max ? 0 : splices[slot.pointee.spliceIn].held
    }

    /// The backend made sure that the source has told everything it received.
    mutating func beginSplice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool {
        let from = self[source]
        let to = self[sink]
        guard count > 0, from.pointee.spliceOut == .max, to.pointee.spliceIn == .max,
            from.pointee.flags.isDisjoint(with: .timer),
            to.pointee.flags.isDisjoint(with: [.timer, .connecting, .endWanted]),
            to.pointee.unsent == 0, to.pointee.error == 0,
            let number = splices.make(source, sink, count: count)
        else { return false }
        from.pointee.spliceOut = number
        to.pointee.spliceIn = number
        queue(source.index)
        return true
    }

    /// Moves bytes from the slot that has something to receive.
    mutating func moveSplice(_ index: UInt32) -> SpliceStop {
        let slot = self[index]
        let number = slot.pointee.spliceOut
        let sink = splices[number].sink
        guard !sink.isNone, splices[number].failure == 0 else { return .complete }
        let target = self[sink]
        let stop = splices.move(
            number, from: slot.pointee.descriptor, to: target.pointee.descriptor, sent: &target.pointee.sent)
        switch stop {
        case .turn: queue(index)
        case .sourceEnded: splices[number].left = 0
        case .sourceFailed(let error): splices[number].failure = error
        case .sinkFailed(let error): failSink(target, sink.index, error)
        case .sourceEmpty, .sinkFull, .complete: break
        }
        return stop
    }

    /// Moves bytes to the slot that has room; what is left when it returns `nil` is nothing.
    mutating func emptySplice(_ index: UInt32) -> SpliceStop? {
        let slot = self[index]
        let number = slot.pointee.spliceIn
        let stop = splices.empty(number, into: slot.pointee.descriptor, sent: &slot.pointee.sent)
        if splices[number].untold > 0 { queue(splices[number].source.index) }
        if case .sinkFailed(let error) = stop { failSink(slot, index, error) }
        if stop == nil, slot.pointee.flags.contains(.endWanted) {
            slot.pointee.flags.remove(.endWanted)
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
        return stop
    }

    /// What is to be told of a slot's splice after `stop`; ends it when it is over.
    mutating func tellSplice(_ index: UInt32, after stop: SpliceStop, _ event: inout LoopEvent) -> Bool {
        let slot = self[index]
        let number = slot.pointee.spliceOut
        event.count = splices[number].untold
        splices[number].untold = 0
        let failure = splices[number].failure
        if failure != 0, event.count == 0 {
            endSplice(number)
            event.kind = .broken
            event.error = failure
            return true
        }
        var isFull = false
        if case .sinkFull = stop { isFull = true }
        if failure != 0 {
            queue(index)
        } else if splices[number].left == 0, splices[number].held == 0 || splices[number].sink.isNone {
            endSplice(number)
            queue(index)
        }
        guard event.count > 0 || isFull else { return false }
        event.kind = .spliced
        return true
    }

    /// Something else is sent to the slot: what is in the pipe goes before it, from here on as other unsent bytes.
    mutating func divertSplice(_ slot: UnsafeMutablePointer<LoopSlot>, into blocks: inout BlockPool) {
        let number = slot.pointee.spliceIn
        slot.pointee.spliceIn = .max
        splices.drain(number) { blocks.keep(slot, $0.baseAddress!, $0.count) }
        queue(splices[number].source.index)
    }

    /// The slot is closed.
    mutating func leaveSplices(_ slot: UnsafeMutablePointer<LoopSlot>) {
        if slot.pointee.spliceOut != .max { endSplice(slot.pointee.spliceOut) }
        if slot.pointee.spliceIn != .max { abandonSplice(slot) }
    }

    private mutating func failSink(_ slot: UnsafeMutablePointer<LoopSlot>, _ index: UInt32, _ error: CInt) {
        slot.pointee.error = error
        slot.pointee.flags.insert(.sendFailed)
        queue(index)
        abandonSplice(slot)
    }

    private mutating func abandonSplice(_ slot: UnsafeMutablePointer<LoopSlot>) {
        let number = slot.pointee.spliceIn
        slot.pointee.spliceIn = .max
        splices.abandon(number)
        queue(splices[number].source.index)
    }

    private mutating func endSplice(_ number: UInt32) {
        let splice = splices[number]
        slots[splice.source.index].pointee.spliceOut = .max
        if !splice.sink.isNone { slots[splice.sink.index].pointee.spliceIn = .max }
        splices.end(number)
    }
}
