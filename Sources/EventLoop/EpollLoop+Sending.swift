// Sends of the epoll loop: tried at once; what the system does not take is kept in a chain of lent blocks.

import CKernel
import Glibc

extension EpollLoop {
    package mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let slot = slots[connection.index]
        precondition(slot.pointee.generation == connection.generation, "the connection is closed")
        guard slot.pointee.error == 0, pieces.count > 0 else { return }
        guard slot.pointee.unsent == 0, !slot.pointee.flags.contains(.connecting) else {
            for piece in pieces { keep(slot, piece.iov_base, piece.iov_len) }
            return
        }
        var result: Int
        repeat {
            result =
                pieces.count == 1
                ? loop_send(slot.pointee.descriptor, pieces[0].iov_base, pieces[0].iov_len)
                : loop_send_pieces(slot.pointee.descriptor, pieces.baseAddress, CInt(pieces.count))
        } while result == -Int(EINTR)
        if result < 0 {
            guard result == -Int(EAGAIN) || result == -Int(ENOBUFS) else {
                slot.pointee.error = CInt(-result)
                slot.pointee.flags.insert(.sendFailed)
                upcoming.append(connection.index, slots)
                return
            }
            result = 0
        }
        slot.pointee.sent &+= UInt64(result)
        for piece in pieces {
            let taken = min(result, piece.iov_len)
            result -= taken
            if taken < piece.iov_len { keep(slot, piece.iov_base + taken, piece.iov_len - taken) }
        }
        // A short write fills the socket: the edge that says otherwise is still to come.
        if slot.pointee.unsent > 0 { slot.pointee.flags.remove(.writable) }
    }

    /// Appends bytes to the outbox.
    private mutating func keep(
        _ slot: UnsafeMutablePointer<EpollSlot>, _ bytes: UnsafeMutableRawPointer, _ count: Int
    ) {
        var bytes = UnsafeRawPointer(bytes)
        var count = count
        slot.pointee.unsent += count
        while count > 0 {
            if let last = slot.pointee.outboxLast?.assumingMemoryBound(to: OutboxHeader.self) {
                let room = min(count, last.pointee.blockBytes - last.pointee.end)
                (UnsafeMutableRawPointer(last) + last.pointee.end).copyMemory(from: bytes, byteCount: room)
                last.pointee.end += room
                bytes += room
                count -= room
                if count == 0 { return }
            }
            let wanted = min(count + MemoryLayout<OutboxHeader>.size, BlockPool.largeBytes)
            let block = blocks.lend(wanted)
            let header = block.baseAddress!.bindMemory(to: OutboxHeader.self, capacity: 1)
            let start = MemoryLayout<OutboxHeader>.size
            header.initialize(
                to: OutboxHeader(following: nil, blockBytes: block.count, start: start, end: start))
            if let last = slot.pointee.outboxLast?.assumingMemoryBound(to: OutboxHeader.self) {
                last.pointee.following = block.baseAddress
            } else {
                slot.pointee.outboxFirst = block.baseAddress
            }
            slot.pointee.outboxLast = block.baseAddress
        }
    }

    /// Gives the system what it takes of the outbox; `true` when that is to be told.
    mutating func flush(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = slots[index]
        while let base = slot.pointee.outboxFirst {
            let header = base.assumingMemoryBound(to: OutboxHeader.self)
            let count = header.pointee.end - header.pointee.start
            let result = loop_send(slot.pointee.descriptor, base + header.pointee.start, count)
            if result < 0 {
                if result == -Int(EINTR) { continue }
                slot.pointee.flags.remove(.writable)
                if result == -Int(EAGAIN) || result == -Int(ENOBUFS) { return false }
                slot.pointee.error = CInt(-result)
                dropOutbox(slot)
                slot.pointee.flags.insert(.readable)
                upcoming.append(index, slots)
                event.kind = .sendFailed
                event.error = CInt(-result)
                return true
            }
            slot.pointee.sent &+= UInt64(result)
            slot.pointee.unsent -= result
            header.pointee.start += result
            guard result == count else {
                slot.pointee.flags.remove(.writable)
                return false
            }
            slot.pointee.outboxFirst = header.pointee.following
            if header.pointee.following == nil { slot.pointee.outboxLast = nil }
            blocks.giveBack(UnsafeMutableRawBufferPointer(start: base, count: header.pointee.blockBytes))
        }
        if slot.pointee.flags.contains(.endWanted) {
            slot.pointee.flags.remove(.endWanted)
            _ = loop_shutdown_sending(slot.pointee.descriptor)
        }
        // It may also have something to read.
        upcoming.append(index, slots)
        event.kind = .drained
        return true
    }

    mutating func dropOutbox(_ slot: UnsafeMutablePointer<EpollSlot>) {
        while let base = slot.pointee.outboxFirst {
            let header = base.assumingMemoryBound(to: OutboxHeader.self)
            slot.pointee.outboxFirst = header.pointee.following
            blocks.giveBack(UnsafeMutableRawBufferPointer(start: base, count: header.pointee.blockBytes))
        }
        slot.pointee.outboxLast = nil
        slot.pointee.unsent = 0
    }

    /// For the end of the loop, when there is no pool to return to.
    static func deallocate(outbox first: UnsafeMutableRawPointer?) {
        var block = first
        while let base = block {
            block = base.assumingMemoryBound(to: OutboxHeader.self).pointee.following
            base.deallocate()
        }
    }
}
