// HTTP/2 clients: a connection that carries streams has a record for its place in the listener's count and for its idle
// time; each stream is a client with one exchange. How streams become bytes of HTTP/1.1: `MultiplexLoop`.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// The connection speaks HTTP/2: from here on its streams come and go.
    mutating func clientMultiplexed(_ client: ClientPointer) {
        if client.pointee.phase == .greeting { clientEstablished(client) }
        client.pointee.phase = .multiplexed
        client.pointee.streamCount = 0
        client.pointee.headEnd = nil
        beginIdle(client)
    }

    mutating func streamOpened(_ handle: ConnectionHandle, parent: ConnectionHandle) {
        let carrier = clients[parent.index]
        guard isOpen(carrier, parent) else { return loop.close(handle) }
        prepare(handle, .client)
        peers[handle.index].pointee = peers[parent.index].pointee
        let client = clients[handle.index]
        client.pointee = Client()
        client.pointee.handle = handle
        client.pointee.parent = parent
        client.pointee.listener = carrier.pointee.listener
        client.pointee.phase = .idle
        client.pointee.flags = carrier.pointee.flags.intersection(.isSecure).union(.isStream)
        carrier.pointee.streamCount += 1
        if carrier.pointee.streamCount == 1 { setCarrierDeadline(carrier) }
        carrier.pointee.requests &+= 1
        if let most = listeners[Int(client.pointee.listener)].rules.requestsPerConnectionMax,
            Int(carrier.pointee.requests) == most
        {
            loop.announceDrain(of: parent)
        }
    }

    /// With its last stream, the connection is idle.
    mutating func streamClosed(_ client: ClientPointer) {
        let carrier = clients[client.pointee.parent.index]
        guard isOpen(carrier, client.pointee.parent), carrier.pointee.phase == .multiplexed else { return }
        carrier.pointee.streamCount -= 1
        if carrier.pointee.streamCount == 0 { beginIdle(carrier) }
    }

    private mutating func beginIdle(_ carrier: ClientPointer) {
        carrier.pointee.idleEnd = loop.now + listeners[Int(carrier.pointee.listener)].rules.idleTimeout
        setCarrierDeadline(carrier)
    }

    private mutating func setCarrierDeadline(_ carrier: ClientPointer) {
        if let end = carrier.pointee.headEnd {
            loop.setDeadline(carrier.pointee.handle, end)
        } else if carrier.pointee.streamCount == 0 {
            loop.setDeadline(carrier.pointee.handle, carrier.pointee.idleEnd)
        } else {
            loop.clearDeadline(carrier.pointee.handle)
        }
    }

    // MARK: Heads that come in pieces

    /// A part of a head has come. It has as long as a head of HTTP/1.1, whatever other streams do, and takes room that
    /// there must be.
    mutating func headWaits(_ carrier: ClientPointer, isNew: Bool) {
        guard carrier.pointee.phase == .multiplexed else { return }
        if isShortOfMemory { return giveUpHead(carrier, status: 503, .outOfMemory) }
        guard isNew else { return }
        carrier.pointee.headEnd = loop.now + listeners[Int(carrier.pointee.listener)].rules.headerTimeout
        setCarrierDeadline(carrier)
    }

    mutating func headEnded(_ carrier: ClientPointer) {
        guard carrier.pointee.phase == .multiplexed else { return }
        carrier.pointee.headEnd = nil
        setCarrierDeadline(carrier)
    }

    /// The connection was idle for too long, or did not finish a head.
    mutating func carrierDeadline(_ carrier: ClientPointer) {
        if carrier.pointee.headEnd != nil {
            giveUpHead(carrier, status: 408, .clientTimeout)
        } else if carrier.pointee.streamCount == 0 {
            closeClient(carrier)
        }
    }

    /// Nothing may come on the connection before that head is whole (RFC 9113 §4.3), so its streams end as well. There
    /// is no stream yet that the answer could be given on: it is in the log alone.
    private mutating func giveUpHead(_ carrier: ClientPointer, status: UInt16, _ reason: Reason) {
        beginRefused(carrier)
        carrier.pointee.status = status
        carrier.pointee.reason = reason
        conclude(carrier)
        closeClient(carrier)
    }
}
