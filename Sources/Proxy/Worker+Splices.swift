// Long bodies and busy tunnels: the system moves their bytes by itself, and the session logic counts what went. Only
// plain connections can be spliced; for others everything goes on as it was.

import EventLoop
import HTTPWire
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// The rest of a response body goes by itself, if there is much of it. What came before is sent.
    mutating func spliceResponse(_ client: ClientPointer, _ upstream: UpstreamPointer) {
        guard case .length(let left) = client.pointee.responseBody, left >= ProxyLimits.splicedBytesMin, maySplice
        else { return }
        _ = loop.splice(upstream.pointee.handle, to: client.pointee.handle, count: left)
    }

    /// The same for a request body that can't be sent again anyway.
    mutating func spliceRequest(_ client: ClientPointer) {
        guard case .length(let left) = client.pointee.requestBody, left >= ProxyLimits.splicedBytesMin,
            client.pointee.flags.contains(.bodyForgotten), !client.pointee.flags.contains(.discardsBody), maySplice
        else { return }
        flush()
        _ = loop.splice(client.pointee.handle, to: client.pointee.upstream, count: left)
    }

    /// One way of a tunnel brings as much as can be received at once: for a while it goes by itself.
    mutating func spliceTunnel(_ source: ConnectionHandle, to sink: ConnectionHandle, received count: Int) {
        guard count >= LoopLimits.receiveBytesMax, maySplice else { return }
        _ = loop.splice(source, to: sink, count: ProxyLimits.tunnelSpliceBytes)
    }

    /// A pipe takes two descriptors, and holds more than a buffer does: not when either is short.
    private var maySplice: Bool { !isShortOfDescriptors && loop.lentBytes + blocks.lentBytes < bufferBytesMax / 2 }

    mutating func clientSpliced(_ client: ClientPointer, _ count: Int) {
        switch client.pointee.phase {
        case .tunneling:
            client.pointee.bytesIn += UInt64(count)
            relayedFromClient(client)
        case .exchanging:
            client.pointee.bytesIn += UInt64(count)
            client.pointee.requestBody.skip(count)
            guard bodyWent(client) else { return }
            updateReceiving(client)
        case .lingering: discard(client, count)
        case .waiting, .idle, .head, .held, .connecting, .greeting, .hello, .multiplexed, .free: break
        }
    }

    mutating func upstreamSpliced(_ upstream: UpstreamPointer, _ count: Int) {
        switch upstream.pointee.phase {
        case .tunneling:
            let client = clients[upstream.pointee.client.index]
            client.pointee.bytesOut += UInt64(count)
            relayedFromUpstream(client, upstream)
        case .body:
            let client = clients[upstream.pointee.client.index]
            client.pointee.bytesOut += UInt64(count)
            client.pointee.responseBody.skip(count)
            if client.pointee.responseBody.isDone {
                return endResponse(client, upstream, hasLeftover: loop.hasInput(upstream.pointee.handle))
            }
            responseWent(client, upstream)
        case .idle, .free, .connecting, .awaitingHead: closeUpstream(upstream)
        }
    }
}
