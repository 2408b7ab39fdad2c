// One end of a SOCK_SEQPACKET pair between two processes of ours: whole packets, in order, with descriptors. No
// network ever reaches it.

import CKernel
import Glibc

/// A packet and what came with it.
package struct Packet: Sendable {
    package var bytes: [UInt8]
    /// Open descriptors. Whoever has the packet has to close them.
    package var descriptors: [CInt]

    package init(bytes: [UInt8], descriptors: [CInt] = []) {
        self.bytes = bytes
        self.descriptors = descriptors
    }
}

/// What came of reading.
package enum PacketReceived: Sendable {
    case packet(Packet)
    case wouldBlock
    /// The other side closed, or its process ended.
    case ended
    /// A packet longer than the buffer; it is gone and its descriptors are closed.
    case tooLarge
}

/// A connected packet socket. Non-blocking.
package struct PacketSocket: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Takes over a connected socket of type `SOCK_SEQPACKET`.
    package init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// For `pollfd`.
    package var number: CInt { descriptor.number }

    /// Sends a whole packet. `false` when the other side has to read first. The descriptors are duplicated into the
    /// packet: the caller keeps its own. `EPIPE` or `ECONNRESET` when the other side is gone, `EMSGSIZE` when the packet
    /// is larger than the socket's buffer.
    package borrowing func send(_ packet: Packet) throws(SystemError) -> Bool {
        let sent = packet.bytes.withUnsafeBytes { bytes in
            portico_send_packet(number, bytes.baseAddress, bytes.count, packet.descriptors, packet.descriptors.count)
        }
        if sent >= 0 { return true }
        if errno == EAGAIN || errno == EWOULDBLOCK { return false }
        throw SystemError(operation: "send", subject: "a packet of \(packet.bytes.count) bytes")
    }

    /// Receives one packet through `buffer`, whose size bounds it. An empty packet counts as the end.
    package borrowing func receive(through buffer: inout [UInt8]) throws(SystemError) -> PacketReceived {
        var descriptors = [CInt](repeating: -1, count: Int(PORTICO_DESCRIPTORS_MAX))
        var count = 0
        let length = buffer.withUnsafeMutableBytes { bytes in
            portico_receive_packet(number, bytes.baseAddress, bytes.count, &descriptors, &count)
        }
        if length > 0 {
            return .packet(Packet(bytes: Array(buffer[..<length]), descriptors: Array(descriptors[..<count])))
        }
        if length == 0 {
            for descriptor in descriptors[..<count] { close(descriptor) }
            return .ended
        }
        switch errno {
        case EAGAIN, EWOULDBLOCK: return .wouldBlock
        case EMSGSIZE: return .tooLarge
        case ECONNRESET: return .ended
        default: throw SystemError(operation: "receive", subject: "a packet")
        }
    }
}

/// Two connected packet sockets, close-on-exec. Each end is taken out at most once; the rest closes with the pair.
package struct PacketSocketPair: ~Copyable {
    private var near: OwnedDescriptor?
    private var far: OwnedDescriptor?

    package init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SystemError(operation: "socketpair", subject: "between two processes")
        }
        near = OwnedDescriptor(ends[0])
        far = OwnedDescriptor(ends[1])
    }

    /// The end that this process keeps.
    package mutating func takeNear() -> OwnedDescriptor {
        guard let end = near.take() else { preconditionFailure("the near end was taken before") }
        return end
    }

    /// The end that another process gets.
    package mutating func takeFar() -> OwnedDescriptor {
        guard let end = far.take() else { preconditionFailure("the far end was taken before") }
        return end
    }
}
