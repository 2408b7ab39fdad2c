// Sends of the io_uring loop: small ones wait for the end of the turn in a lent block, large ones are tried at once.

import CKernel
import Glibc

extension RingLoop {
    package mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let slot = table[connection]
        guard slot.pointee.error == 0, pieces.count > 0 else { return }
        if slot.pointee.spliceIn != .max { table.divertSplice(slot, into: &blocks) }
        var total = 0
        for piece in pieces { total += piece.iov_len }
        if total > LoopLimits.copiedSendMax, sendNow(connection.index, pieces) { return }
        for piece in pieces where piece.iov_len > 0 { blocks.keep(slot, piece.iov_base, piece.iov_len) }
        if !slot.pointee.flags.contains(.connecting) { markDirty(connection.index) }
    }

    mutating func markDirty(_ index: UInt32) {
        let slot = table[index]
        guard slot.pointee.unsent > 0, slot.pointee.flags.isDisjoint(with: [.dirty, .sendOrdered]) else { return }
        slot.pointee.flags.insert(.dirty)
        dirty.append(index)
    }

    /// Tries a large send with a call of its own, behind at most one block that waits for the end of this turn; `false`
    /// when there is more before it.
    private mutating func sendNow(_ index: UInt32, _ added: UnsafeMutableBufferPointer<iovec>) -> Bool {
        let slot = table[index]
        guard slot.pointee.flags.isDisjoint(with: [.sendOrdered, .connecting]),
            slot.pointee.outbox.first == slot.pointee.outbox.last, added.count <= Int(loop_pieces_max)
        else { return false }
        let waiting = slot.pointee.unsent
        var count = 0
        if waiting > 0 {
            self.pieces[0] = iovec(iov_base: slot.pointee.outbox.firstBytes.baseAddress, iov_len: waiting)
            count = 1
        }
        for piece in added {
            self.pieces[count] = piece
            count += 1
        }
        var result: Int
        repeat {
            result = loop_send_pieces(slot.pointee.descriptor, self.pieces, CInt(count), slot.pointee.more)
        } while result == -Int(EINTR)
        if result < 0 {
            // A full socket, or one that failed: what follows finds out which.
            return false
        }
        slot.pointee.sent &+= UInt64(result)
        var left = result
        if waiting > 0 {
            let taken = min(left, waiting)
            blocks.dropSent(slot, taken)
            left -= taken
        }
        for piece in added {
            let taken = min(left, piece.iov_len)
            left -= taken
            if taken < piece.iov_len { blocks.keep(slot, piece.iov_base + taken, piece.iov_len - taken) }
        }
        if slot.pointee.unsent > 0 { markDirty(index) }
        return true
    }

    package mutating func cork(_ connection: ConnectionHandle) { table[connection].pointee.flags.insert(.corked) }

    package mutating func hurry(_ connection: ConnectionHandle) {
        let slot = table[connection]
        guard slot.pointee.unsent > 0, slot.pointee.error == 0,
            slot.pointee.flags.isDisjoint(with: [.sendOrdered, .connecting])
        else { return }
        while !slot.pointee.outbox.isEmpty {
            let bytes = slot.pointee.outbox.firstBytes
            let result = loop_send(slot.pointee.descriptor, bytes.baseAddress, bytes.count, slot.pointee.more)
            // What it does not take, or why it takes nothing, the ordered send finds out.
            guard result > 0 else { return }
            slot.pointee.sent &+= UInt64(result)
            blocks.dropSent(slot, result)
        }
    }

    /// Orders one send for each connection that has something to send and no send under way.
    mutating func orderSends() {
        guard !dirty.isEmpty else { return }
        for index in dirty {
            let slot = table[index]
            slot.pointee.flags.remove(.dirty)
            // It may have been closed meanwhile, or everything was sent at once.
            guard !slot.pointee.outbox.isEmpty,
                slot.pointee.flags.isDisjoint(with: [.sendOrdered, .connecting, .leaving])
            else { continue }
            let bytes = slot.pointee.outbox.firstBytes
            slot.pointee.flags.insert(.sendOrdered)
            slot.pointee.sending = Int32(truncatingIfNeeded: bytes.count)
            ring_send(
                ring, slot.pointee.descriptor, bytes.baseAddress, UInt32(truncatingIfNeeded: bytes.count),
                RingOrder.send.named(index))
        }
        dirty.removeAll(keepingCapacity: true)
    }

    mutating func takeInSend(_ index: UInt32, _ result: CInt) {
        let slot = table[index]
        slot.pointee.flags.remove(.sendOrdered)
        slot.pointee.sending = 0
        if result > 0 {
            slot.pointee.sent &+= UInt64(result)
            blocks.dropSent(slot, Int(result))
        }
        if leaves(index) { return }
        if result < 0, result != -EINTR, result != -EAGAIN {
            blocks.dropOutbox(slot)
            slot.pointee.error = -result
            slot.pointee.flags.insert(.sendFailed)
            table.queue(index)
            return
        }
        if slot.pointee.unsent > 0 { return markDirty(index) }
        if slot.pointee.flags.contains(.endWanted) {
            slot.pointee.flags.remove(.endWanted)
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
        if slot.pointee.flags.contains(.drainWatched) {
            slot.pointee.flags.remove(.drainWatched)
            slot.pointee.flags.insert(.drained)
            table.queue(index)
        }
    }
}
