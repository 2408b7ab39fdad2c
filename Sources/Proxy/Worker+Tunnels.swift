// Bytes both ways: TCP connections, and HTTP connections after the backend's 101. Each end's close is passed on by
// itself (half-close); the tunnel is over when both ends closed and everything was taken.

import EventLoop
import HTTP2
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// A client of a TCP listener: one exchange for the whole connection.
    mutating func beginTCP(_ client: ClientPointer, service: Int32) {
        client.pointee.flags = [.isTCP, .hasRequest, .isCounted]
        client.pointee.begun = loop.now
        client.pointee.chosen = loop.now
        client.pointee.method = .other
        client.pointee.service = service
        let lane = services[Int(service)].lane
        GaugeLane.count(lane.pointee.requests)
        lane.pointee.shift(by: 1, now: loop.now)
        dispatch(client)
    }

    /// Tells the backend for whom the connection is, before anything else.
    mutating func writeProxyHeader(_ version: ProxyHeaderVersion, _ client: ClientPointer, _ upstream: UpstreamPointer)
    {
        var header = ProxyHeader.local
        let peer = peers[client.pointee.handle.index]
        var local = loop.localAddress(of: client.pointee.handle)
        if let source = peer.pointee.address, let destination = IPAddress(&local) {
            header = ProxyHeader(
                source: source, sourcePort: peer.pointee.port, destination: destination,
                destinationPort: IPAddress.port(of: &local))
        }
        aim(upstream.pointee.handle)
        var writer = ByteWriter(output.room)
        header.write(version, into: &writer)
        output.commit(writer.count)
    }

    /// Whether the 101 that `responseParser` has just read is an answer to what this client asked for: a protocol it
    /// offered (RFC 9110 §7.8). The key in the request of a stream was made here, so its answer is checked here as well
    /// (RFC 6455 §4.1); the answer to a client's own key is for the client.
    mutating func isAnswer(_ client: ClientPointer, _ head: UnsafeRawBufferPointer) -> Bool {
        let request = readKept(client)
        guard UpgradeAnswer.isOffered(responseParser, in: head, by: requestParser, in: request) else { return false }
        return !client.pointee.flags.contains(.isStream)
            || WebSocketAccept.isRight(responseParser, in: head, to: requestParser, in: request)
    }

    /// The backend agreed: from here on, nobody looks at the bytes. Only on 101, never on the request alone, which
    /// would let a client smuggle requests past us to a backend that ignores the upgrade.
    mutating func beginUpgrade(
        _ client: ClientPointer, _ upstream: UpstreamPointer, head: UnsafeRawBufferPointer,
        rest: UnsafeRawBufferPointer
    ) {
        client.pointee.status = 101
        client.pointee.flags.insert(.responseBegun)
        client.pointee.answered = loop.now
        client.pointee.requestBody = .done
        writeHead(client, head, keepAlive: true)
        client.pointee.bytesOut += UInt64(rest.count)
        output.add(rest)
        flush()
        beginTunnel(client, upstream)
        feedStash(client)
    }

    mutating func beginTunnel(_ client: ClientPointer, _ upstream: UpstreamPointer) {
        client.pointee.phase = .tunneling
        GaugeLane.shift(backends[upstream.pointee.backend].pointee.lane.pointee.tunnels, by: 1)
        upstream.pointee.phase = .tunneling
        if client.pointee.flags.contains(.isTCP) { client.pointee.answered = loop.now }
        loop.clearDeadline(upstream.pointee.handle)
        touchTunnel(client)
        if client.pointee.flags.contains(.inputEnded) { loop.shutdownSending(upstream.pointee.handle) }
    }

    /// Whether a slow end has taken something since this was last asked: what leaves for it by and by is no event.
    func hasTunnelMoved(_ client: ClientPointer) -> Bool {
        let upstream = upstreams[client.pointee.upstream.index]
        let forClient = hasTaken(client.pointee.handle, since: &client.pointee.sentMark)
        let forUpstream = hasTaken(upstream.pointee.handle, since: &upstream.pointee.deliveredMark)
        return forClient || forUpstream
    }

    mutating func touchTunnel(_ client: ClientPointer) {
        let timeout =
            client.pointee.flags.contains(.isTCP)
            ? listeners[Int(client.pointee.listener)].rules.tcpIdleTimeout
            : services[Int(client.pointee.service)].timeouts.tunnel
        loop.setDeadline(client.pointee.handle, loop.now + timeout)
    }

    mutating func relayFromClient(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) {
        client.pointee.bytesIn += UInt64(bytes.count)
        aim(client.pointee.upstream)
        output.add(bytes)
        flush()
        relayedFromClient(client)
        spliceTunnel(client.pointee.handle, to: client.pointee.upstream, received: bytes.count)
    }

    mutating func relayedFromClient(_ client: ClientPointer) {
        touchTunnel(client)
        if loop.isCongested(client.pointee.upstream) { loop.pauseReceiving(client.pointee.handle) }
    }

    mutating func relayFromUpstream(_ upstream: UpstreamPointer, _ bytes: UnsafeRawBufferPointer) {
        let client = clients[upstream.pointee.client.index]
        client.pointee.bytesOut += UInt64(bytes.count)
        aim(client.pointee.handle)
        output.add(bytes)
        flush()
        relayedFromUpstream(client, upstream)
        spliceTunnel(upstream.pointee.handle, to: client.pointee.handle, received: bytes.count)
    }

    mutating func relayedFromUpstream(_ client: ClientPointer, _ upstream: UpstreamPointer) {
        touchTunnel(client)
        if loop.isCongested(client.pointee.handle) { loop.pauseReceiving(upstream.pointee.handle) }
    }

    mutating func clientTunnelEnded(_ client: ClientPointer) {
        client.pointee.flags.insert(.inputEnded)
        let upstream = upstreams[client.pointee.upstream.index]
        loop.shutdownSending(upstream.pointee.handle)
        _ = endTunnelIfOver(client, upstream)
    }

    mutating func upstreamTunnelEnded(_ upstream: UpstreamPointer) {
        upstream.pointee.inputEnded = true
        let client = clients[upstream.pointee.client.index]
        loop.shutdownSending(client.pointee.handle)
        _ = endTunnelIfOver(client, upstream)
    }

    /// Closes both ends once both have ended and nothing is on its way.
    mutating func endTunnelIfOver(_ client: ClientPointer, _ upstream: UpstreamPointer) -> Bool {
        guard client.pointee.flags.contains(.inputEnded), upstream.pointee.inputEnded,
            loop.unsentBytes(client.pointee.handle) == 0, loop.unsentBytes(upstream.pointee.handle) == 0
        else { return false }
        abandonUpstream(client)
        client.pointee.reason = .none
        conclude(client)
        closeClient(client)
        return true
    }

    /// One end broke, or we end it: told by a reset, because an end in order would pass for the end of the bytes.
    mutating func breakTunnel(_ client: ClientPointer, _ reason: Reason) {
        if reason == .upstreamReset {
            GaugeLane.count(backends[client.pointee.backend].pointee.lane.pointee.upstreamFailures)
        }
        closeUpstream(upstreams[client.pointee.upstream.index], withReset: true)
        endAttempt(client, isFailed: false)
        client.pointee.reason = reason
        conclude(client)
        closeClient(client, withReset: true)
    }
}
