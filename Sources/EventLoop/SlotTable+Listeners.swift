// What both backends do in the same way with listeners: make their slots, and take clients from them.

import CKernel
import Glibc

/// What a look at a listener came to.
enum AcceptOutcome {
    /// A new slot, to be read from first.
    case client(ConnectionHandle)
    /// There is no descriptor, memory or slot for a client who waits: an errno.
    case failed(CInt)
    /// Nobody waits any more, or the listener had its turn.
    case nobody
    /// It listens no more.
    case gone
}

extension SlotTable {
    /// The slot of a listener; `nil` with an errno.
    mutating func makeListener(_ descriptor: CInt, token: UInt32, error: inout CInt) -> ConnectionHandle? {
        _ = loop_no_delay(descriptor)  // Unix sockets have no such thing.
        // An accept that would block must never do so, whoever opened the socket.
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) >= 0 else {
            error = errno
            return nil
        }
        guard let handle = make(descriptor: descriptor, flags: .listener) else {
            error = ENOMEM
            return nil
        }
        self[handle.index].pointee.token = token
        return handle
    }

    /// Accepts the next client of a listener, of which it has so many in a turn. `peer` gets the client's address.
    mutating func accept(_ index: UInt32, _ peer: UnsafeMutablePointer<sockaddr_storage>) -> AcceptOutcome {
        let slot = self[index]
        if slot.pointee.flags.contains(.readable) {
            slot.pointee.flags.remove(.readable)
            slot.pointee.accepts = Int32(LoopLimits.acceptsPerTurn)
        }
        while slot.pointee.accepts > 0, !slot.pointee.flags.contains(.paused) {
            slot.pointee.accepts -= 1
            let descriptor = loop_accept(slot.pointee.descriptor, peer)
            if descriptor < 0 {
                switch -descriptor {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    slot.pointee.accepts = 0
                    return .failed(-descriptor)
                case EAGAIN:
                    slot.pointee.accepts = 0
                    return .nobody
                case EBADF, EINVAL, ENOTSOCK:
                    slot.pointee.accepts = 0
                    return .gone
                default: continue  // That client left again: the next one may have not.
                }
            }
            guard let handle = make(descriptor: descriptor, flags: [.receiving, .fresh]) else {
                loop_close(descriptor)
                return .failed(ENOMEM)
            }
            return .client(handle)
        }
        return .nobody
    }
}
