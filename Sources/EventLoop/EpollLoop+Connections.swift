// Orders to the epoll loop: listeners, connections, sends, deadlines. How completions are told: `EpollLoop`.

import CKernel
import Glibc
import Vocabulary

extension EpollLoop {
    // MARK: Slots

    mutating func makeSlot(descriptor: CInt, flags: EpollSlot.Flags) -> ConnectionHandle? {
        let index: UInt32
        if freeFirst != .max {
            index = freeFirst
            freeFirst = slots[index].pointee.freeNext
        } else {
            guard Int(slotCount) < slotsMax else { return nil }
            index = slotCount
            slots.prepare(index)
            wheel.prepare(index)
            slotCount += 1
        }
        let slot = slots[index]
        let queued = slot.pointee.flags.intersection(.queued)
        let queueNext = slot.pointee.queueNext
        let generation = slot.pointee.generation &+ 1
        slot.pointee = EpollSlot()
        slot.pointee.descriptor = descriptor
        slot.pointee.generation = generation
        slot.pointee.flags = flags.union(queued)
        slot.pointee.queueNext = queueNext
        if descriptor >= 0 { openDescriptors += 1 }
        return ConnectionHandle(index: index, generation: generation)
    }

    mutating func register(_ descriptor: CInt, flags: EpollSlot.Flags) -> ConnectionHandle? {
        guard let handle = makeSlot(descriptor: descriptor, flags: flags) else { return nil }
        guard loop_register(epoll, descriptor, handle.index, handle.generation) == 0 else {
            free(handle)
            return nil
        }
        return handle
    }

    private mutating func free(_ handle: ConnectionHandle) {
        let slot = slots[handle.index]
        wheel.remove(handle.index)
        if slot.pointee.descriptor >= 0 { openDescriptors -= 1 }
        slot.pointee.generation &+= 1
        slot.pointee.descriptor = -1
        slot.pointee.flags.formIntersection(.queued)
        slot.pointee.freeNext = freeFirst
        freeFirst = handle.index
    }

    @inline(__always)
    private func slot(_ handle: ConnectionHandle) -> UnsafeMutablePointer<EpollSlot> {
        let slot = slots[handle.index]
        precondition(slot.pointee.generation == handle.generation, "the connection is closed")
        return slot
    }

    // MARK: Listeners

    package mutating func listen(on descriptor: CInt, token: UInt32) -> CInt {
        _ = loop_no_delay(descriptor)  // Unix sockets have no such thing.
        // An accept that would block must never do so, whoever opened the socket.
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) >= 0 else { return errno }
        guard let handle = makeSlot(descriptor: descriptor, flags: .listener) else { return ENOMEM }
        slots[handle.index].pointee.token = token
        let result = loop_register_readable(epoll, descriptor, handle.index, handle.generation)
        if result != 0 { free(handle) }
        return -result
    }

    package mutating func stopListening(token: UInt32) {
        guard let handle = listener(token) else { return }
        if !slots[handle.index].pointee.flags.contains(.paused) {
            _ = loop_unregister(epoll, slots[handle.index].pointee.descriptor)
        }
        free(handle)
    }

    package mutating func pauseListening(token: UInt32) {
        guard let handle = listener(token), !slots[handle.index].pointee.flags.contains(.paused) else { return }
        slots[handle.index].pointee.flags.insert(.paused)
        _ = loop_unregister(epoll, slots[handle.index].pointee.descriptor)
    }

    package mutating func resumeListening(token: UInt32) {
        guard let handle = listener(token), slots[handle.index].pointee.flags.contains(.paused) else { return }
        slots[handle.index].pointee.flags.remove(.paused)
        _ = loop_register_readable(
            epoll, slots[handle.index].pointee.descriptor, handle.index, handle.generation)
    }

    /// Searches all slots: listeners are few and seldom changed, and they are the first slots made.
    private func listener(_ token: UInt32) -> ConnectionHandle? {
        for index in 0..<slotCount {
            let slot = slots[index].pointee
            if slot.generation % 2 == 1, slot.flags.contains(.listener), slot.token == token {
                return ConnectionHandle(index: index, generation: slot.generation)
            }
        }
        return nil
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
        guard let handle = register(descriptor, flags: [.receiving, .connecting]) else {
            error = ENOMEM
            loop_close(descriptor)
            return nil
        }
        return handle
    }

    package func isCongested(_ connection: ConnectionHandle) -> Bool { slot(connection).pointee.unsent > 0 }

    package func unsentBytes(_ connection: ConnectionHandle) -> Int { slot(connection).pointee.unsent }

    package func sentBytes(_ connection: ConnectionHandle) -> UInt64 { slot(connection).pointee.sent }

    package func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        let slot = slot(connection)
        return slot.pointee.sent &- UInt64(max(0, loop_unacknowledged(slot.pointee.descriptor)))
    }

    package mutating func pauseReceiving(_ connection: ConnectionHandle) {
        slot(connection).pointee.flags.remove(.receiving)
    }

    package mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        guard !slot.pointee.flags.contains(.receiving) else { return }
        slot.pointee.flags.insert(.receiving)
        if slot.pointee.flags.contains(.readable) { upcoming.append(connection.index, slots) }
    }

    package func isReceiving(_ connection: ConnectionHandle) -> Bool {
        slot(connection).pointee.flags.contains(.receiving)
    }

    package func hasInput(_ connection: ConnectionHandle) -> Bool {
        loop_has_input(slot(connection).pointee.descriptor) != 0
    }

    package func isStirred(_ connection: ConnectionHandle) -> Bool {
        !slot(connection).pointee.flags.isDisjoint(with: [.readable, .peerDone, .hangup, .sendFailed])
    }

    package mutating func shutdownSending(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        if slot.pointee.unsent > 0 {
            slot.pointee.flags.insert(.endWanted)
        } else {
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
    }

    package mutating func close(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        dropOutbox(slot)
        if !slot.pointee.flags.contains(.timer) { loop_close(slot.pointee.descriptor) }
        free(connection)
    }

    package mutating func reset(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        dropOutbox(slot)
        loop_close_with_reset(slot.pointee.descriptor)
        free(connection)
    }

    // MARK: Time

    package mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        _ = slot(connection)
        wheel.set(connection.index, instant)
    }

    package mutating func clearDeadline(_ connection: ConnectionHandle) {
        _ = slot(connection)
        wheel.clear(connection.index)
    }

    package mutating func makeTimer() -> ConnectionHandle {
        let handle = makeSlot(descriptor: -1, flags: .timer)
        precondition(handle != nil, "a loop has room for its own timers")
        return handle!
    }
}
