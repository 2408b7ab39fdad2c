// What both backends do in the same way with the slots of connections and timers.

import CKernel
import Glibc
import Vocabulary

extension SlotTable {
    func localAddress(_ connection: ConnectionHandle) -> sockaddr_storage {
        var form = sockaddr_storage()
        if loop_local_address(self[connection].pointee.descriptor, &form) != 0 {
            form.ss_family = sa_family_t(AF_UNSPEC)
        }
        return form
    }

    func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        let slot = self[connection]
        return slot.pointee.sent &- UInt64(max(0, loop_unacknowledged(slot.pointee.descriptor)))
    }

    /// At once, or when the last unsent byte is with the system.
    func shutdownSending(_ connection: ConnectionHandle) {
        let slot = self[connection]
        if slot.pointee.unsent + heldBytes(slot) > 0 {
            slot.pointee.flags.insert(.endWanted)
        } else {
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
    }

    // MARK: Time

    mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        _ = self[connection]
        wheel.set(connection.index, instant)
    }

    mutating func clearDeadline(_ connection: ConnectionHandle) {
        _ = self[connection]
        wheel.clear(connection.index)
    }

    mutating func makeTimer() -> ConnectionHandle {
        let handle = make(descriptor: -1, flags: .timer)
        precondition(handle != nil, "a loop has room for its own timers")
        return handle!
    }
}

// MARK: The outbox

extension BlockPool {
    /// Keeps bytes behind those that the system has not taken.
    mutating func keep(_ slot: UnsafeMutablePointer<LoopSlot>, _ bytes: UnsafeMutableRawPointer, _ count: Int) {
        slot.pointee.unsent += count
        append(bytes, count, to: &slot.pointee.outbox)
    }

    /// The system has taken the first `count` of them.
    mutating func dropSent(_ slot: UnsafeMutablePointer<LoopSlot>, _ count: Int) {
        slot.pointee.unsent -= count
        drop(count, from: &slot.pointee.outbox)
    }

    mutating func dropOutbox(_ slot: UnsafeMutablePointer<LoopSlot>) {
        slot.pointee.unsent = 0
        dropAll(of: &slot.pointee.outbox)
    }
}
