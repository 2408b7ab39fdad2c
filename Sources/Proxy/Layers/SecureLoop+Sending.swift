// The way out: plaintext in pieces becomes records in one buffer, and that leaves in one call.

import CKernel
import EventLoop
import Glibc
import TLS

extension SecureLoop where Base: ~Copyable {
    mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let slot = slots[connection.index]
        guard slot.pointee.stage.rawValue > SecureSlot.Stage.spilling.rawValue else {
            return base.send(connection, pieces)
        }
        precondition(slot.pointee.generation == connection.generation, "the connection is closed")
        guard slot.pointee.stage == .open, let session = slot.pointee.session else { return }
        var number = 0
        var offset = 0
        while number < pieces.count {
            let run = nextRun(pieces, &number, &offset)
            guard session.write(run) else {
                // It is told like a failed receive, behind whatever came before.
                _ = session.takeFailure()
                slot.pointee.flags.insert(.breakOwed)
                ready.append(connection)
                break
            }
            if transport.outputCount >= LayerLimits.outputBytes / 2 { flushOutput(connection) }
        }
        flushOutput(connection)
    }

    /// The next bytes to encrypt together: whole records straight from a long piece, or one record put together from
    /// several pieces, so that a head and the body behind it share one.
    private func nextRun(
        _ pieces: UnsafeMutableBufferPointer<iovec>, _ number: inout Int, _ offset: inout Int
    ) -> UnsafeRawBufferPointer {
        let left = pieces[number].iov_len - offset
        let isLast = number == pieces.count - 1
        if isLast || left >= LayerLimits.recordBytes {
            let whole = isLast ? left : left - left % LayerLimits.recordBytes
            let count = min(whole, LayerLimits.runBytes)
            let run = UnsafeRawBufferPointer(start: pieces[number].iov_base + offset, count: count)
            offset += count
            if offset == pieces[number].iov_len { (number, offset) = (number + 1, 0) }
            return run
        }
        var count = 0
        while number < pieces.count, count < staging.count {
            let taken = min(staging.count - count, pieces[number].iov_len - offset)
            (staging.baseAddress! + count).copyMemory(from: pieces[number].iov_base + offset, byteCount: taken)
            count += taken
            offset += taken
            if offset == pieces[number].iov_len { (number, offset) = (number + 1, 0) }
        }
        return UnsafeRawBufferPointer(rebasing: staging[..<count])
    }

    /// Sends what sessions have put into the output.
    mutating func flushOutput(_ connection: ConnectionHandle) {
        guard transport.outputCount > 0 else { return }
        let output = transport.output
        var piece = iovec(iov_base: output.baseAddress, iov_len: output.count)
        withUnsafeMutablePointer(to: &piece) { piece in
            base.send(connection, UnsafeMutableBufferPointer(start: piece, count: 1))
        }
        transport.clearOutput()
    }

    mutating func cork(_ connection: ConnectionHandle) { base.cork(connection) }

    mutating func hurry(_ connection: ConnectionHandle) { base.hurry(connection) }

    mutating func shutdownSending(_ connection: ConnectionHandle) {
        let slot = slots[connection.index]
        if slot.pointee.stage == .open {
            slot.pointee.session?.sayGoodbye()
            flushOutput(connection)
        }
        base.shutdownSending(connection)
    }

    mutating func close(_ connection: ConnectionHandle) {
        let slot = slots[connection.index]
        if slot.pointee.stage == .open, base.unsentBytes(connection) == 0 {
            slot.pointee.session?.sayGoodbye()
            flushOutput(connection)
            base.hurry(connection)
        }
        forget(slot)
        base.close(connection)
    }

    mutating func reset(_ connection: ConnectionHandle) {
        forget(slots[connection.index])
        base.reset(connection)
    }

    /// The connection is over: what it held is given back.
    private mutating func forget(_ slot: UnsafeMutablePointer<SecureSlot>) {
        guard slot.pointee.stage != .plain else { return slot.pointee.generation = 0 }
        slot.pointee.session?.free()
        if slot.pointee.inbox.block.count > 0 { blocks.giveBack(slot.pointee.inbox.block) }
        slot.pointee = SecureSlot()
    }
}
