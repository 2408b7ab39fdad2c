// Orders to the io_uring loop: listeners, connections, deadlines. How completions are told: `RingLoop`.

import CKernel
import Glibc
import Vocabulary

extension RingLoop {
    // MARK: Listeners

    package mutating func listen(on descriptor: CInt, token: UInt32) -> CInt {
        let listens = loop_listens(descriptor)
        guard listens == 0 else { return -listens }
        for index in 0..<table.count {
            let slot = table[index].pointee
            if slot.generation % 2 == 1, slot.flags.contains(.listener), slot.descriptor == descriptor { return EEXIST }
        }
        var error: CInt = 0
        guard let handle = table.makeListener(descriptor, token: token, error: &error) else { return error }
        orderPoll(handle.index)
        return 0
    }

    package mutating func stopListening(token: UInt32) {
        guard let handle = table.listener(token) else { return }
        leave(handle)
    }

    package mutating func pauseListening(token: UInt32) {
        guard let handle = table.listener(token) else { return }
        table[handle].pointee.flags.insert(.paused)
    }

    package mutating func resumeListening(token: UInt32) {
        guard let handle = table.listener(token), table[handle].pointee.flags.contains(.paused) else { return }
        table[handle].pointee.flags.remove(.paused)
        orderPoll(handle.index)
    }

    // MARK: Connections

    package mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        guard Int(length) <= MemoryLayout<sockaddr_storage>.size else {
            error = EINVAL
            return nil
        }
        let descriptor = loop_socket(family)
        guard descriptor >= 0 else {
            error = -descriptor
            return nil
        }
        guard let handle = table.make(descriptor: descriptor, flags: [.receiving, .connecting, .connectOrdered]) else {
            error = ENOMEM
            loop_close(descriptor)
            return nil
        }
        addresses.prepare(handle.index)
        let room = UnsafeMutableRawPointer(addresses[handle.index])
        room.copyMemory(from: address, byteCount: Int(length))
        ring_connect(ring, descriptor, room, length, RingOrder.connect.named(handle.index))
        return handle
    }

    package func isCongested(_ connection: ConnectionHandle) -> Bool {
        let slot = table[connection]
        if table.heldBytes(slot) > 0 { return true }
        guard slot.pointee.unsent > LoopLimits.congestionBytes else { return false }
        slot.pointee.flags.insert(.drainWatched)
        return true
    }

    package func unsentBytes(_ connection: ConnectionHandle) -> Int {
        let slot = table[connection]
        if slot.pointee.unsent > 0 { slot.pointee.flags.insert(.drainWatched) }
        return slot.pointee.unsent + table.heldBytes(slot)
    }

    /// What an order has may be sent already: it counts.
    package func sentBytes(_ connection: ConnectionHandle) -> UInt64 {
        let slot = table[connection]
        return slot.pointee.sent &+ UInt64(slot.pointee.sending)
    }

    package func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        table.deliveredBytes(connection)
    }

    package mutating func pauseReceiving(_ connection: ConnectionHandle) {
        let slot = table[connection]
        guard slot.pointee.flags.contains(.receiving) else { return }
        slot.pointee.flags.remove(.receiving)
        detain(slot)
        cancelReceive(connection.index)
        if slot.pointee.flags.isDisjoint(with: [.peerDone, .receiveFailed]) { orderWatch(connection.index) }
    }

    package mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = table[connection]
        guard !slot.pointee.flags.contains(.receiving) else { return }
        slot.pointee.flags.insert(.receiving)
        if !slot.pointee.inbox.isEmpty || !slot.pointee.flags.contains(.receiveOrdered)
            || !slot.pointee.flags.isDisjoint(with: [.peerDone, .receiveFailed])
        {
            table.queue(connection.index)
        }
    }

    /// Only between two receives: what one has brought, or is about to bring, is received as usual.
    package mutating func splice(
        _ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64
    ) -> Bool {
        let slot = table[source]
        guard slot.pointee.flags.isDisjoint(with: [.receiveOrdered, .peerDone, .receiveFailed]),
            slot.pointee.arrivedFirst == .max, slot.pointee.inbox.isEmpty,
            table[sink].pointee.flags.isDisjoint(with: .sendOrdered)
        else { return false }
        return table.beginSplice(source, to: sink, count: count)
    }

    package func isReceiving(_ connection: ConnectionHandle) -> Bool {
        table[connection].pointee.flags.contains(.receiving)
    }

    package func hasInput(_ connection: ConnectionHandle) -> Bool {
        if isStirred(connection) || loop_has_input(table[connection].pointee.descriptor) != 0 { return true }
        return ring_has_completed(ring, RingOrder.receiveSmall.named(connection.index)) != 0
            || ring_has_completed(ring, RingOrder.receiveBig.named(connection.index)) != 0
    }

    package func isStirred(_ connection: ConnectionHandle) -> Bool {
        let slot = table[connection]
        if slot.pointee.arrivedFirst != .max || !slot.pointee.inbox.isEmpty
            || !slot.pointee.flags.isDisjoint(with: [.peerDone, .receiveFailed, .hangup, .sendFailed])
        {
            return true
        }
        // Nothing brings the bytes of a paused connection here.
        return !slot.pointee.flags.contains(.receiving) && loop_has_input(slot.pointee.descriptor) != 0
    }

    package mutating func shutdownSending(_ connection: ConnectionHandle) {
        table.shutdownSending(connection)
    }

    package mutating func close(_ connection: ConnectionHandle) {
        _ = table[connection]
        leave(connection)
    }

    package mutating func reset(_ connection: ConnectionHandle) {
        loop_reset_when_closed(table[connection].pointee.descriptor)
        leave(connection)
    }

    /// Takes back every order, closes the descriptor (of a connection), and retires the slot.
    private mutating func leave(_ handle: ConnectionHandle) {
        let index = handle.index
        let slot = table[index]
        while slot.pointee.arrivedFirst != .max {
            let buffer = slot.pointee.arrivedFirst
            slot.pointee.arrivedFirst = buffers.notes[buffer].next
            buffers.give(buffer)
        }
        blocks.dropAll(of: &slot.pointee.inbox)
        table.leaveSplices(slot)
        let flags = slot.pointee.flags
        if flags.contains(.receiveOrdered), !flags.contains(.cancelOrdered) {
            let order: RingOrder = flags.contains(.isBig) ? .receiveBig : .receiveSmall
            ring_cancel(ring, order.named(index), RingOrder.cancel.named(index))
        }
        if flags.contains(.sendOrdered) {
            ring_cancel(ring, RingOrder.send.named(index), RingOrder.cancel.named(index))
        } else {
            blocks.dropOutbox(slot)
        }
        if flags.contains(.connectOrdered) {
            ring_cancel(ring, RingOrder.connect.named(index), RingOrder.cancel.named(index))
        }
        if flags.contains(.pollOrdered) {
            ring_cancel(ring, RingOrder.poll.named(index), RingOrder.cancel.named(index))
        }
        if flags.contains(.roomOrdered) {
            ring_cancel(ring, RingOrder.room.named(index), RingOrder.cancel.named(index))
        }
        if flags.contains(.watchOrdered) {
            ring_cancel(ring, RingOrder.watch.named(index), RingOrder.cancel.named(index))
        }
        if flags.isDisjoint(with: [.listener, .timer]) {
            ring_close_descriptor(ring, slot.pointee.descriptor, RingOrder.close.named(index))
        }
        table.retire(handle)
        slot.pointee.flags = flags.intersection(.anyOrder.union(.ofList).union(.dirty)).union(.leaving)
        _ = leaves(index)
    }
}

extension RingLoop {
    // MARK: Time

    package mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        table.setDeadline(connection, instant)
    }

    package mutating func clearDeadline(_ connection: ConnectionHandle) {
        table.clearDeadline(connection)
    }

    package var hasSpareSlots: Bool { table.hasSpare }

    package mutating func makeTimer() -> ConnectionHandle {
        table.makeTimer()
    }
}
