// Sends of the epoll loop: tried at once; what the system does not take is kept in a chain of lent blocks.

import CKernel
import Glibc

extension EpollLoop {
    package mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let slot = table[connection.index]
        precondition(slot.pointee.generation == connection.generation, "the connection is closed")
        guard slot.pointee.error == 0, pieces.count > 0 else { return }
        if slot.pointee.spliceIn != .max { table.divertSplice(slot, into: &blocks) }
        guard slot.pointee.unsent == 0, !slot.pointee.flags.contains(.connecting) else {
            for piece in pieces { blocks.keep(slot, piece.iov_base, piece.iov_len) }
            return
        }
        var result: Int
        repeat {
            result =
                pieces.count == 1
                ? loop_send(slot.pointee.descriptor, pieces[0].iov_base, pieces[0].iov_len, slot.pointee.more)
                : loop_send_pieces(
                    slot.pointee.descriptor, pieces.baseAddress, CInt(pieces.count), slot.pointee.more)
        } while result == -Int(EINTR)
        if result < 0 {
            guard result == -Int(EAGAIN) || result == -Int(ENOBUFS) else {
                slot.pointee.error = CInt(-result)
                slot.pointee.flags.insert(.sendFailed)
                table.queue(connection.index)
                return
            }
            result = 0
        }
        slot.pointee.sent &+= UInt64(result)
        for piece in pieces {
            let taken = min(result, piece.iov_len)
            result -= taken
            if taken < piece.iov_len { blocks.keep(slot, piece.iov_base + taken, piece.iov_len - taken) }
        }
        if slot.pointee.unsent > 0 { watchRoom(connection.index) }
    }

    /// A short write fills the socket: the edge that says otherwise is still to come.
    func watchRoom(_ index: UInt32) {
        let slot = table[index]
        slot.pointee.flags.remove(.writable)
        guard !slot.pointee.flags.contains(.watchesRoom) else { return }
        slot.pointee.flags.insert(.watchesRoom)
        guard !slot.pointee.flags.contains(.fresh) else { return }
        _ = loop_watch_room(epoll, slot.pointee.descriptor, index, slot.pointee.generation)
    }

    package mutating func cork(_ connection: ConnectionHandle) { table[connection].pointee.flags.insert(.corked) }

    /// Every send was tried at once.
    package mutating func hurry(_ connection: ConnectionHandle) {}

    /// Gives the system what it takes of the outbox; `true` when that is to be told.
    mutating func flush(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        while !slot.pointee.outbox.isEmpty {
            let bytes = slot.pointee.outbox.firstBytes
            let result = loop_send(slot.pointee.descriptor, bytes.baseAddress, bytes.count, slot.pointee.more)
            if result < 0 {
                if result == -Int(EINTR) { continue }
                slot.pointee.flags.remove(.writable)
                if result == -Int(EAGAIN) || result == -Int(ENOBUFS) { return false }
                slot.pointee.error = CInt(-result)
                blocks.dropOutbox(slot)
                slot.pointee.flags.insert(.readable)
                table.queue(index)
                event.kind = .sendFailed
                event.error = CInt(-result)
                return true
            }
            slot.pointee.sent &+= UInt64(result)
            blocks.dropSent(slot, result)
            guard result == bytes.count else {
                slot.pointee.flags.remove(.writable)
                return false
            }
        }
        if slot.pointee.flags.contains(.endWanted) {
            slot.pointee.flags.remove(.endWanted)
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
        // It may also have something to read.
        table.queue(index)
        event.kind = .drained
        return true
    }
}
