// Orders to the epoll loop: listeners, connections, sends, deadlines. How completions are told: `EpollLoop`.

import CKernel
import Glibc
import Vocabulary

extension EpollLoop {
    // MARK: Slots

    /// Registers a slot's descriptor; `false` when the system refuses.
    mutating func register(_ index: UInt32) -> Bool {
        let slot = table[index]
        let watchesRoom: CInt = slot.pointee.flags.contains(.watchesRoom) ? 1 : 0
        return loop_register(epoll, slot.pointee.descriptor, index, slot.pointee.generation, watchesRoom) == 0
    }

    // MARK: Listeners

    package mutating func listen(on descriptor: CInt, token: UInt32) -> CInt {
        var error: CInt = 0
        guard let handle = table.makeListener(descriptor, token: token, error: &error) else { return error }
        let result = loop_register_readable(epoll, descriptor, handle.index, handle.generation)
        if result != 0 { table.free(handle) }
        return -result
    }

    package mutating func stopListening(token: UInt32) {
        guard let handle = table.listener(token) else { return }
        if !table[handle.index].pointee.flags.contains(.paused) {
            _ = loop_unregister(epoll, table[handle.index].pointee.descriptor)
        }
        table.free(handle)
    }

    package mutating func pauseListening(token: UInt32) {
        guard let handle = table.listener(token), !table[handle.index].pointee.flags.contains(.paused) else { return }
        table[handle.index].pointee.flags.insert(.paused)
        _ = loop_unregister(epoll, table[handle.index].pointee.descriptor)
    }

    package mutating func resumeListening(token: UInt32) {
        guard let handle = table.listener(token), table[handle.index].pointee.flags.contains(.paused) else { return }
        table[handle.index].pointee.flags.remove(.paused)
        _ = loop_register_readable(
            epoll, table[handle.index].pointee.descriptor, handle.index, handle.generation)
    }

    // MARK: Connections

    package mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        let descriptor = loop_socket(family)
        guard descriptor >= 0 else {
            error = -descriptor
            return nil
        }
        let result = loop_connect(descriptor, address, length)
        guard result == 0 || result == -EINPROGRESS else {
            error = -result
            loop_close(descriptor)
            return nil
        }
        guard let handle = table.make(descriptor: descriptor, flags: [.receiving, .connecting, .watchesRoom]) else {
            error = ENOMEM
            loop_close(descriptor)
            return nil
        }
        guard register(handle.index) else {
            error = ENOMEM
            loop_close(descriptor)
            table.free(handle)
            return nil
        }
        return handle
    }

    package func isCongested(_ connection: ConnectionHandle) -> Bool { unsentBytes(connection) > 0 }

    package func unsentBytes(_ connection: ConnectionHandle) -> Int {
        let slot = table[connection]
        return slot.pointee.unsent + table.heldBytes(slot)
    }

    package func sentBytes(_ connection: ConnectionHandle) -> UInt64 { table[connection].pointee.sent }

    package func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        table.deliveredBytes(connection)
    }

    package mutating func pauseReceiving(_ connection: ConnectionHandle) {
        table[connection].pointee.flags.remove(.receiving)
    }

    package mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = table[connection]
        guard !slot.pointee.flags.contains(.receiving) else { return }
        slot.pointee.flags.insert(.receiving)
        if slot.pointee.flags.contains(.readable) || slot.pointee.spliceOut != .max { table.queue(connection.index) }
    }

    package mutating func splice(
        _ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64
    ) -> Bool {
        table.beginSplice(source, to: sink, count: count)
    }

    package func isReceiving(_ connection: ConnectionHandle) -> Bool {
        table[connection].pointee.flags.contains(.receiving)
    }

    package func hasInput(_ connection: ConnectionHandle) -> Bool {
        loop_has_input(table[connection].pointee.descriptor) != 0
    }

    package func isStirred(_ connection: ConnectionHandle) -> Bool {
        !table[connection].pointee.flags.isDisjoint(with: [.readable, .peerDone, .hangup, .sendFailed])
    }

    package mutating func shutdownSending(_ connection: ConnectionHandle) {
        table.shutdownSending(connection)
    }

    package mutating func close(_ connection: ConnectionHandle) {
        let slot = table[connection]
        table.leaveSplices(slot)
        blocks.dropOutbox(slot)
        if !slot.pointee.flags.contains(.timer) { loop_close(slot.pointee.descriptor) }
        table.free(connection)
    }

    package mutating func reset(_ connection: ConnectionHandle) {
        let slot = table[connection]
        table.leaveSplices(slot)
        blocks.dropOutbox(slot)
        loop_reset_when_closed(slot.pointee.descriptor)
        loop_close(slot.pointee.descriptor)
        table.free(connection)
    }

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
