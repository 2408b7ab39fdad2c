// PROXY protocol headers: the balancer before us says who its client is, in front of everything else, TLS included.

import CKernel
import EventLoop
import Glibc
import HTTPWire
import TLS
import Vocabulary

extension SecureLoop where Base: ~Copyable {
    /// Reads the header as far as it came; `true` when something is to be told.
    mutating func readHeader(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
        let handle = event.connection
        let inbox = slot.pointee.inbox
        var bytes = event.bytes
        if !inbox.isEmpty {
            keep(bytes, in: slot)
            bytes = slot.pointee.inbox.bytes
        }
        switch ProxyHeader.parse(bytes) {
        case .incomplete:
            if inbox.isEmpty { keep(bytes, in: slot) }
            return false
        case .malformed:
            slot.pointee.stage = .failed
            event.kind = .broken
            event.error = EPROTO
            return true
        case .complete(let length, let header):
            slot.pointee.flags.remove(.lacksHeader)
            if !header.isLocal {
                peers[handle.index].pointee = sockaddr_in6(header.source, port: header.sourcePort)
                slot.pointee.flags.insert([.hasPeer, .isHeralded])
            }
            let behind = UnsafeRawBufferPointer(rebasing: bytes[length...])
            slot.pointee.stage = dresses[Int(slot.pointee.token)]?.tls == nil ? .spilling : .greeting
            return goOnBehindHeader(slot, handle, behind, &event)
        }
    }

    /// What came behind the header: the first bytes of a handshake, or of a request.
    private mutating func goOnBehindHeader(
        _ slot: UnsafeMutablePointer<SecureSlot>, _ handle: ConnectionHandle, _ behind: UnsafeRawBufferPointer,
        _ event: inout LoopEvent
    ) -> Bool {
        // Bytes in the inbox are used up or moved on; its block is free after that.
        let former = slot.pointee.inbox
        slot.pointee.inbox = Stash()
        defer { if former.block.count > 0 { blocks.giveBack(former.block) } }
        event.connection = handle
        if slot.pointee.stage == .spilling {
            if behind.isEmpty {
                slot.pointee.stage = .plain
            } else {
                keep(behind, in: slot)
                ready.append(handle)
            }
            event.kind = .established
            return true
        }
        guard !behind.isEmpty else { return false }
        keep(behind, in: slot)
        handshakes.append(handle)
        base.pauseReceiving(handle)
        return false
    }

    /// Tells the bytes that came behind the header; from then on the connection is plain.
    mutating func spillInbox(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
        slot.pointee.stage = .plain
        toldInbox = slot.pointee.inbox
        slot.pointee.inbox = Stash()
        event.kind = .received
        event.bytes = toldInbox.bytes
        return !toldInbox.isEmpty
    }

    mutating func giveBackTold() {
        blocks.giveBack(toldInbox.block)
        toldInbox = Stash()
    }
}

extension sockaddr_in6 {
    /// IPv4 addresses in their mapped form.
    init(_ address: IPAddress, port: UInt16) {
        self.init()
        sin6_family = sa_family_t(AF_INET6)
        sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &sin6_addr) { bytes in
            bytes.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
    }
}
