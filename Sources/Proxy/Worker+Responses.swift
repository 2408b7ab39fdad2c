// From a backend's bytes to the client: interim responses, the head, the body, the end.

import Balancing
import EventLoop
import Glibc
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func upstreamReceived(_ upstream: UpstreamPointer, _ bytes: UnsafeRawBufferPointer) {
        switch upstream.pointee.phase {
        // Bytes that belong to no request: the connection can't be trusted. Some servers answer 408 to an idle one.
        case .idle: closedWhileIdle(upstream)
        case .free, .connecting: closeUpstream(upstream)
        case .tunneling: relayFromUpstream(upstream, bytes)
        case .body:
            let client = clients[upstream.pointee.client.index]
            relayResponse(client, upstream, bytes)
        case .awaitingHead:
            guard !upstream.pointee.stash.isEmpty else { return takeResponse(upstream, bytes) }
            guard append(bytes, to: &upstream.pointee.stash) else {
                return attemptFailed(upstream, .upstreamMalformed)
            }
            var stash = upstream.pointee.stash
            upstream.pointee.stash = Stash()
            takeResponse(upstream, stash.bytes)
            flush()
            giveBack(&stash)
        }
    }

    /// Reads response heads, interim ones too, and goes on with the body.
    private mutating func takeResponse(_ upstream: UpstreamPointer, _ bytes: UnsafeRawBufferPointer) {
        let client = clients[upstream.pointee.client.index]
        let limits = HeadLimits(bytesMax: ProxyLimits.headBytesMax, fieldsMax: ProxyLimits.responseFieldsMax)
        var rest = bytes
        while true {
            let outcome = responseParser.parse(
                rest, answering: client.pointee.method, isUpgrade: client.pointee.flags.contains(.isUpgrade),
                resuming: &upstream.pointee.progress, within: limits)
            switch outcome {
            case .incomplete:
                if !rest.isEmpty, !append(rest, to: &upstream.pointee.stash) {
                    attemptFailed(upstream, .upstreamMalformed)
                }
                return
            case .malformed(let fault):
                client.pointee.fault = fault
                return attemptFailed(upstream, .upstreamMalformed)
            case .complete(let length):
                upstream.pointee.progress = HeadProgress()
                let head = rest
                rest = UnsafeRawBufferPointer(rebasing: rest[length...])
                if responseParser.isInterim {
                    guard passInterim(client, upstream, head) else { return }
                    if rest.isEmpty { return }
                    continue
                }
                if responseParser.isSwitch {
                    guard isAnswer(client, head) else {
                        client.pointee.fault = .unexpectedUpgrade
                        return attemptFailed(upstream, .upstreamMalformed)
                    }
                    return beginUpgrade(client, upstream, head: head, rest: rest)
                }
                if client.pointee.flags.contains([.isStream, .isUpgrade]), responseParser.status < 300 {
                    // Its client would take any 2xx for an open tunnel (RFC 8441 §5, RFC 9110 §9.3.6).
                    client.pointee.fault = .missingUpgrade
                    return attemptFailed(upstream, .upstreamMalformed)
                }
                return beginResponse(client, upstream, head: head, rest: rest)
            }
        }
    }

    private mutating func passInterim(
        _ client: ClientPointer, _ upstream: UpstreamPointer, _ head: UnsafeRawBufferPointer
    ) -> Bool {
        client.pointee.interimResponses += 1
        guard Int(client.pointee.interimResponses) <= ProxyLimits.interimResponsesMax else {
            attemptFailed(upstream, .upstreamMalformed)
            return false
        }
        // RFC 9110 §15.2: never to an HTTP/1.0 client.
        if client.pointee.flags.contains(.isHTTP11) { writeHead(client, head, keepAlive: true) }
        return true
    }

    /// Writes the head that `responseParser` has just read, for the client.
    mutating func writeHead(_ client: ClientPointer, _ head: UnsafeRawBufferPointer, keepAlive: Bool) {
        aim(client.pointee.handle)
        var writer = ByteWriter(output.room)
        let context = ResponseContext(
            requestID: text(client, client.pointee.requestID),
            isHTTP11Client: client.pointee.flags.contains(.isHTTP11), keepAlive: keepAlive,
            acceptsTrailers: client.pointee.flags.contains(.acceptsTrailers))
        HeadRewriter.writeResponse(from: head, head: responseParser, context: context, into: &writer)
        if HeadRewriter.passesTrailers(of: responseParser, context: context) {
            client.pointee.flags.insert(.returnsTrailers)
        }
        precondition(!writer.isOverflowed, "a response head outgrew the output buffer")
        output.commit(writer.count)
    }

    private mutating func beginResponse(
        _ client: ClientPointer, _ upstream: UpstreamPointer, head: UnsafeRawBufferPointer,
        rest: UnsafeRawBufferPointer
    ) {
        client.pointee.status = UInt16(truncatingIfNeeded: responseParser.status)
        client.pointee.answered = loop.now
        if responseParser.status >= 500 {
            GaugeLane.count(backends[upstream.pointee.backend].pointee.lane.pointee.responses5xx)
        }
        let isHTTP11 = client.pointee.flags.contains(.isHTTP11)
        let framing = HeadRewriter.downstreamFraming(of: responseParser, isHTTP11Client: isHTTP11)
        if framing == .chunked { client.pointee.flags.insert(.rechunks) }
        // An early response: the client may still send what nobody reads, so its connection ends with this response.
        if !client.pointee.requestBody.isDone || framing == .untilClose || isDraining {
            client.pointee.flags.remove(.keepAlive)
        }
        upstream.pointee.closesAfter = !responseParser.keepAlive || responseParser.framing == .untilClose
        if let seconds = responseParser.idleSeconds {
            backends[upstream.pointee.backend].pointee.idleLimit.announced(seconds: seconds)
        }
        client.pointee.responseBody = BodyProgress(responseParser.framing)
        client.pointee.flags.insert(.responseBegun)
        upstream.pointee.phase = .body
        writeHead(client, head, keepAlive: client.pointee.flags.contains(.keepAlive))
        if client.pointee.responseBody.isDone {
            // A chunked response to HEAD, and such, has no body and no last chunk.
            return endResponse(client, upstream, hasLeftover: !rest.isEmpty)
        }
        if rest.isEmpty {
            loop.setDeadline(
                upstream.pointee.handle, loop.now + services[Int(client.pointee.service)].timeouts.idle)
        } else {
            relayResponse(client, upstream, rest)
        }
    }

    private mutating func relayResponse(
        _ client: ClientPointer, _ upstream: UpstreamPointer, _ bytes: UnsafeRawBufferPointer
    ) {
        aim(client.pointee.handle)
        let relay = relayBody(
            &client.pointee.responseBody, bytes, rechunks: client.pointee.flags.contains(.rechunks),
            trailers: &upstream.pointee.stash,
            trailersFrom: client.pointee.flags.contains(.returnsTrailers) ? .backend : nil)
        client.pointee.bytesOut += UInt64(relay.content)
        if let fault = relay.fault {
            client.pointee.fault = fault
            return attemptFailed(upstream, .upstreamMalformed)
        }
        if client.pointee.responseBody.isDone {
            return endResponse(client, upstream, hasLeftover: relay.used < bytes.count)
        }
        flush()
        responseWent(client, upstream)
        spliceResponse(client, upstream)
    }

    /// A part of the body went, and there is more of it: how long to wait for that, and whether to.
    mutating func responseWent(_ client: ClientPointer, _ upstream: UpstreamPointer) {
        loop.setDeadline(upstream.pointee.handle, loop.now + services[Int(client.pointee.service)].timeouts.idle)
        if loop.isCongested(client.pointee.handle) {
            loop.pauseReceiving(upstream.pointee.handle)
            beginReadRate(client)
            watchSlowReader(client)
        }
    }

    /// The whole response is on its way.
    mutating func endResponse(_ client: ClientPointer, _ upstream: UpstreamPointer, hasLeftover: Bool) {
        let isReusable = !upstream.pointee.closesAfter && !hasLeftover && client.pointee.requestBody.isDone
        endAttempt(client, isFailed: false)
        if isReusable {
            pool(upstream)
        } else {
            // Output of this event goes to the client, so nothing of it is lost here.
            closeUpstream(upstream)
        }
        conclude(client)
        nextRequest(client)
    }

    mutating func upstreamEnded(_ upstream: UpstreamPointer) {
        switch upstream.pointee.phase {
        case .idle: closedWhileIdle(upstream)
        case .free, .connecting: closeUpstream(upstream)
        case .tunneling: upstreamTunnelEnded(upstream)
        case .awaitingHead: attemptFailed(upstream, .upstreamClosedEarly)
        case .body:
            let client = clients[upstream.pointee.client.index]
            guard case .untilClose = client.pointee.responseBody else {
                return attemptFailed(upstream, .upstreamClosedEarly)
            }
            client.pointee.responseBody = .done
            if client.pointee.flags.contains(.rechunks) {
                aim(client.pointee.handle)
                output.add(ChunkWriter.last)
            }
            endResponse(client, upstream, hasLeftover: false)
        }
    }

    mutating func upstreamBroken(_ upstream: UpstreamPointer, _ error: CInt) {
        switch upstream.pointee.phase {
        case .idle: closedWhileIdle(upstream)
        case .free: closeUpstream(upstream)
        case .connecting: connectFailed(upstream, isTimeout: false)
        case .tunneling: breakTunnel(clients[upstream.pointee.client.index], .upstreamReset)
        case .awaitingHead, .body:
            if error == EOPNOTSUPP { return attemptFailed(upstream, .upgradeUnsupported) }
            attemptFailed(upstream, .upstreamReset, isRefused: error == ECONNREFUSED)
        }
    }

    /// The backend takes no more of the request. It may have answered already: what it sent is read first.
    mutating func upstreamSendFailed(_ upstream: UpstreamPointer) {
        switch upstream.pointee.phase {
        case .idle, .free, .connecting: closeUpstream(upstream)
        case .tunneling: breakTunnel(clients[upstream.pointee.client.index], .upstreamReset)
        case .awaitingHead, .body:
            upstream.pointee.closesAfter = true
            let client = clients[upstream.pointee.client.index]
            client.pointee.flags.insert(.discardsBody)
            loop.resumeReceiving(upstream.pointee.handle)
            updateReceiving(client)
        }
    }

    /// The backend has room again for the request body, or the tunnel.
    mutating func upstreamDrained(_ upstream: UpstreamPointer) {
        guard !upstream.pointee.client.isNone else { return }
        let client = clients[upstream.pointee.client.index]
        if upstream.pointee.phase == .tunneling, endTunnelIfOver(client, upstream) { return }
        feedStash(client)
    }
}
