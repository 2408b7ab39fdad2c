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
        loop.setDeadline(
            client.pointee.handle, loop.now + listeners[Int(client.pointee.listener)].rules.idleTimeout)
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
        if carrier.pointee.streamCount == 1 { loop.clearDeadline(parent) }
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
        guard carrier.pointee.streamCount == 0 else { return }
        loop.setDeadline(
            carrier.pointee.handle, loop.now + listeners[Int(carrier.pointee.listener)].rules.idleTimeout)
    }
}
