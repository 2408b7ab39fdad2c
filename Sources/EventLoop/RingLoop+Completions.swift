// Completions on their way into the slots, and the orders of receiving. An order's name has the slot's number and what
// was ordered.

import CKernel
import Glibc

/// What was ordered of the system.
enum RingOrder: UInt64 {
    case receiveSmall = 1
    case receiveBig
    case send
    case connect
    case poll
    /// For a failure of a paused connection.
    case watch
    /// For room in the sink of a splice.
    case room
    /// Of these only failures are told, and those mean that there was nothing left to do.
    case cancel
    case close

    @inline(__always)
    func named(_ index: UInt32) -> UInt64 { UInt64(index) << 8 | rawValue }
}

extension RingLoop {
    /// Notes one completion in its slot.
    mutating func takeIn(_ completion: ring_completion) {
        let index = UInt32(truncatingIfNeeded: completion.order >> 8)
        switch RingOrder(rawValue: completion.order & 0xff) {
        case .receiveSmall: takeInReceive(index, completion, isBig: false)
        case .receiveBig: takeInReceive(index, completion, isBig: true)
        case .send: takeInSend(index, completion.result)
        case .connect:
            let slot = table[index]
            slot.pointee.flags.remove(.connectOrdered)
            if leaves(index) { return }
            slot.pointee.flags.insert(.connectDone)
            slot.pointee.error = completion.result < 0 ? -completion.result : 0
            table.queue(index)
        case .poll: takeInPoll(index, completion.result)
        case .room:
            table[index].pointee.flags.remove(.roomOrdered)
            if leaves(index) { return }
            table[index].pointee.flags.insert(.writable)
            table.queue(index)
        case .watch:
            table[index].pointee.flags.remove(.watchOrdered)
            if leaves(index) { return }
            guard completion.result > 0, completion.result & Int32(ring_poll_error) != 0 else { return }
            table[index].pointee.flags.insert(.hangup)
            table.queue(index)
        case .cancel, .close, nil: break
        }
    }

    private mutating func takeInReceive(_ index: UInt32, _ completion: ring_completion, isBig: Bool) {
        let slot = table[index]
        if completion.flags & UInt32(ring_completion_more) == 0 {
            slot.pointee.flags.subtract([.receiveOrdered, .isMultishot, .isBig, .cancelOrdered])
        }
        let hasBuffer = completion.flags & UInt32(ring_completion_has_buffer) != 0
        let isLeaving = slot.pointee.flags.contains(.leaving)
        if hasBuffer {
            let buffer = buffers.number(completion, isBig: isBig)
            if completion.result > 0, !isLeaving {
                arrived(slot, buffer, UInt32(completion.result))
                noteSize(index, Int(completion.result), isBig: isBig)
            } else {
                buffers.give(buffer)
            }
        }
        if isLeaving {
            _ = leaves(index)
            return
        }
        if completion.result == 0 {
            slot.pointee.flags.insert(.peerDone)
        } else if completion.result < 0 {
            switch -completion.result {
            // No buffer was free, or we asked for it: ordered again when the slot is looked at.
            case ENOBUFS, ECANCELED, EINTR, EAGAIN: break
            case EINVAL where isMultishotKnown && !isBig: isMultishotKnown = false
            default:
                slot.pointee.receiveError = -completion.result
                slot.pointee.flags.formUnion([.receiveFailed, .hangup])
            }
        }
        table.queue(index)
    }

    private mutating func arrived(_ slot: UnsafeMutablePointer<LoopSlot>, _ buffer: UInt32, _ count: UInt32) {
        buffers.notes[buffer] = ReceiveBuffers.Note(count: count)
        guard slot.pointee.flags.contains(.receiving) else {
            // A slow receiver must not keep buffers from the others.
            blocks.append(buffers.bytes(buffer).baseAddress!, Int(count), to: &slot.pointee.inbox)
            return buffers.give(buffer)
        }
        if slot.pointee.arrivedLast == .max {
            slot.pointee.arrivedFirst = buffer
        } else {
            buffers.notes[Int(slot.pointee.arrivedLast)].next = buffer
        }
        slot.pointee.arrivedLast = buffer
    }

    /// A full small buffer says that a body is coming: from here on one big buffer at a time, until several in a row
    /// would have fitted into a small one.
    private mutating func noteSize(_ index: UInt32, _ count: Int, isBig: Bool) {
        let slot = table[index]
        if isBig {
            slot.pointee.shortReceives = count < LoopLimits.smallBufferBytes ? slot.pointee.shortReceives &+ 1 : 0
            if slot.pointee.shortReceives >= LoopLimits.shortReceivesMax { slot.pointee.flags.remove(.bulk) }
        } else if count == LoopLimits.smallBufferBytes, !slot.pointee.flags.contains(.bulk) {
            slot.pointee.flags.insert(.bulk)
            slot.pointee.shortReceives = 0
            cancelReceive(index)
        }
    }

    private mutating func takeInPoll(_ index: UInt32, _ result: CInt) {
        let slot = table[index]
        slot.pointee.flags.remove(.pollOrdered)
        if leaves(index) { return }
        guard result != -ECANCELED else { return }
        slot.pointee.flags.insert(.readable)
        table.queue(index)
    }

    /// Whether the slot is a closed one; recycles it when the system has given back its last order.
    mutating func leaves(_ index: UInt32) -> Bool {
        let slot = table[index]
        guard slot.pointee.flags.contains(.leaving) else { return false }
        if slot.pointee.flags.isDisjoint(with: .anyOrder) {
            blocks.dropOutbox(slot)
            table.recycle(index)
        }
        return true
    }

    /// Copies what has arrived, and gives its buffers back: the session has paused.
    mutating func detain(_ slot: UnsafeMutablePointer<LoopSlot>) {
        while slot.pointee.arrivedFirst != .max {
            let buffer = slot.pointee.arrivedFirst
            let bytes = buffers.bytes(buffer)
            slot.pointee.arrivedFirst = buffers.notes[buffer].next
            blocks.append(bytes.baseAddress!, bytes.count, to: &slot.pointee.inbox)
            buffers.give(buffer)
        }
        slot.pointee.arrivedLast = .max
    }

    // MARK: Orders

    mutating func orderReceive(_ index: UInt32) {
        let slot = table[index]
        slot.pointee.flags.insert(.receiveOrdered)
        if slot.pointee.flags.contains(.bulk) {
            slot.pointee.flags.insert(.isBig)
            ring_receive(
                ring, slot.pointee.descriptor, ReceiveBuffers.bigGroup, 0, RingOrder.receiveBig.named(index))
        } else {
            if isMultishotKnown { slot.pointee.flags.insert(.isMultishot) }
            ring_receive(
                ring, slot.pointee.descriptor, ReceiveBuffers.smallGroup, isMultishotKnown ? 1 : 0,
                RingOrder.receiveSmall.named(index))
        }
    }

    /// Stops a multishot receive. A single one is left to bring what it brings.
    mutating func cancelReceive(_ index: UInt32) {
        let slot = table[index]
        guard slot.pointee.flags.isSuperset(of: [.receiveOrdered, .isMultishot]),
            !slot.pointee.flags.contains(.cancelOrdered)
        else { return }
        slot.pointee.flags.insert(.cancelOrdered)
        ring_cancel(ring, RingOrder.receiveSmall.named(index), RingOrder.cancel.named(index))
    }

    mutating func orderPoll(_ index: UInt32) {
        let slot = table[index]
        guard !slot.pointee.flags.contains(.pollOrdered) else { return }
        slot.pointee.flags.insert(.pollOrdered)
        ring_poll(ring, slot.pointee.descriptor, UInt32(ring_poll_readable), RingOrder.poll.named(index))
    }

    mutating func orderRoom(_ index: UInt32) {
        let slot = table[index]
        guard !slot.pointee.flags.contains(.roomOrdered) else { return }
        slot.pointee.flags.insert(.roomOrdered)
        ring_poll(ring, slot.pointee.descriptor, UInt32(ring_poll_writable), RingOrder.room.named(index))
    }

    /// Nothing is received from a paused connection, so its failure must be asked for.
    mutating func orderWatch(_ index: UInt32) {
        let slot = table[index]
        guard !slot.pointee.flags.contains(.watchOrdered) else { return }
        slot.pointee.flags.insert(.watchOrdered)
        ring_poll(ring, slot.pointee.descriptor, 0, RingOrder.watch.named(index))
    }
}
