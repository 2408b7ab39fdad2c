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
        _ = loop_no_delay(descriptor)  // Unix sockets have no such thing.
        // An accept that would block must never do so, whoever opened the socket.
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) >= 0 else { return errno }
        guard let handle = table.make(descriptor: descriptor, flags: .listener) else { return ENOMEM }
        table[handle.index].pointee.token = token
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
        if family != AF_UNIX { _ = loop_no_delay(descriptor) }
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

    package func isCongested(_ connection: ConnectionHandle) -> Bool { table[connection].pointee.unsent > 0 }

    package func unsentBytes(_ connection: ConnectionHandle) -> Int { table[connection].pointee.unsent }

    package func sentBytes(_ connection: ConnectionHandle) -> UInt64 { table[connection].pointee.sent }

    package func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        let slot = table[connection]
        return slot.pointee.sent &- UInt64(max(0, loop_unacknowledged(slot.pointee.descriptor)))
    }

    package mutating func pauseReceiving(_ connection: ConnectionHandle) {
        table[connection].pointee.flags.remove(.receiving)
    }

    package mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = table[connection]
        guard !slot.pointee.flags.contains(.receiving) else { return }
        slot.pointee.flags.insert(.receiving)
        if slot.pointee.flags.contains(.readable) { table.queue(connection.index) }
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
        let slot = table[connection]
        if slot.pointee.unsent > 0 {
            slot.pointee.flags.insert(.endWanted)
        } else {
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
    }

    package mutating func close(_ connection: ConnectionHandle) {
        let slot = table[connection]
        dropOutbox(slot)
        if !slot.pointee.flags.contains(.timer) { loop_close(slot.pointee.descriptor) }
        table.free(connection)
    }

    package mutating func reset(_ connection: ConnectionHandle) {
        let slot = table[connection]
        dropOutbox(slot)
        loop_reset_when_closed(slot.pointee.descriptor)
        loop_close(slot.pointee.descriptor)
        table.free(connection)
    }

    // MARK: Time

    package mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        _ = table[connection]
        table.wheel.set(connection.index, instant)
    }

    package mutating func clearDeadline(_ connection: ConnectionHandle) {
        _ = table[connection]
        table.wheel.clear(connection.index)
    }

    package var hasSpareSlots: Bool { table.hasSpare }

    package mutating func makeTimer() -> ConnectionHandle {
        let handle = table.make(descriptor: -1, flags: .timer)
        precondition(handle != nil, "a loop has room for its own timers")
        return handle!
    }
}
