// Every way on from the end of a request: the next one on the same connection, a lingering close, a close. And the
// answers that are ours.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// Answers a request ourselves. The attempt in progress, if any, was ended.
    mutating func respond(_ client: ClientPointer, status: Int, _ reason: Reason, mustClose: Bool) {
        client.pointee.status = UInt16(truncatingIfNeeded: status)
        client.pointee.reason = reason
        client.pointee.answered = loop.now
        if mustClose || !client.pointee.requestBody.isDone || isDraining { client.pointee.flags.remove(.keepAlive) }
        aim(client.pointee.handle)
        var writer = ByteWriter(output.room)
        let label = reason.label
        let faultLabel = client.pointee.fault?.label ?? ""
        let bodyLength =
            label.utf8CodeUnitCount + 1 + (reason == .malformedRequest ? 1 + faultLabel.utf8.count : 0)
        writer.append("HTTP/1.1 ")
        writer.append(decimal: UInt64(status))
        writer.append(Self.phrase(status))
        writer.append("\r\nContent-Type: text/plain\r\nContent-Length: ")
        writer.append(decimal: UInt64(bodyLength))
        writer.append("\r\nX-Portico-Reason: ")
        writeReason(client, into: &writer)
        writer.append("\r\nX-Request-Id: ")
        writer.append(text(client, client.pointee.requestID))
        if status == 308 { writeLocation(client, into: &writer) }
        if status == 503 { writer.append("\r\nRetry-After: 1") }
        if !client.pointee.flags.contains(.keepAlive) {
            writer.append("\r\nConnection: close")
        } else if !client.pointee.flags.contains(.isHTTP11) {
            writer.append("\r\nConnection: keep-alive")
        }
        writer.append("\r\n\r\n")
        if client.pointee.method != .head {
            writeReason(client, into: &writer)
            writer.append("\n")
            client.pointee.bytesOut = UInt64(bodyLength)
        }
        output.commit(writer.written.count)
        conclude(client)
        nextRequest(client)
    }

    /// The token, and for a malformed request what was wrong: `malformed_request:bare_lf`.
    func writeReason(_ client: ClientPointer, into writer: inout ByteWriter) {
        writer.append(client.pointee.reason.label)
        if client.pointee.reason == .malformedRequest, var label = client.pointee.fault?.label {
            writer.append(":")
            // The label is a constant in contiguous memory: nothing is copied.
            label.withUTF8 { writer.append(UnsafeRawBufferPointer($0)) }
        }
    }

    private static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 308: " Permanent Redirect"
        case 400: " Bad Request"
        case 404: " Not Found"
        case 408: " Request Timeout"
        case 413: " Content Too Large"
        case 414: " URI Too Long"
        case 417: " Expectation Failed"
        case 421: " Misdirected Request"
        case 431: " Request Header Fields Too Large"
        case 501: " Not Implemented"
        case 502: " Bad Gateway"
        case 503: " Service Unavailable"
        case 504: " Gateway Timeout"
        case 505: " HTTP Version Not Supported"
        default: " Error"
        }
    }

    /// The request is over: log line, gauges, and its block goes back. Once per request.
    mutating func conclude(_ client: ClientPointer) {
        guard client.pointee.flags.contains(.hasRequest) else { return }
        writeLog(client)
        client.pointee.flags.remove(.hasRequest)
        if client.pointee.flags.contains(.isCounted) {
            client.pointee.flags.remove(.isCounted)
            let lane = services[Int(client.pointee.service)].lane
            lane.pointee.shift(by: -1, now: loop.now)
            if client.pointee.status >= 500 { GaugeLane.count(lane.pointee.responses5xx) }
        }
        giveBack(&client.pointee.kept)
        giveBack(&client.pointee.trailers)
    }

    /// Goes on after a concluded request. Requests that were pipelined are served now.
    mutating func nextRequest(_ client: ClientPointer) {
        guard client.pointee.flags.contains(.keepAlive), !isDraining else { return finish(client) }
        client.pointee.phase = .idle
        loop.setDeadline(
            client.pointee.handle, loop.now + listeners[Int(client.pointee.listener)].rules.idleTimeout)
        if !client.pointee.stash.isEmpty {
            feedStash(client)
        } else {
            updateReceiving(client)
        }
    }

    /// The connection carries no further request. Closed at once where the client is sure to send nothing more;
    /// otherwise lingering, because closing with unread bytes makes the system reset the connection and the client
    /// lose the response (30 of 30 truncated without, 0 of 30 with).
    private mutating func finish(_ client: ClientPointer) {
        let handle = client.pointee.handle
        loop.cork(handle)
        flush()
        giveBack(&client.pointee.stash)
        // A stream that said everything is finished by its connection.
        if client.pointee.flags.contains(.isStream) { return closeClient(client) }
        loop.hurry(handle)
        if client.pointee.flags.contains(.clientCloses), client.pointee.requestBody.isDone,
            !loop.isCongested(handle), loop.unsentBytes(handle) == 0, !loop.isStirred(handle)
        {
            return closeClient(client)
        }
        linger(client)
    }

    private mutating func linger(_ client: ClientPointer) {
        client.pointee.phase = .lingering
        client.pointee.lingerBytes = 0
        if loop.unsentBytes(client.pointee.handle) > 0 { beginReadRate(client) }
        loop.shutdownSending(client.pointee.handle)
        loop.resumeReceiving(client.pointee.handle)
        armLinger(client)
    }

    /// Closes a connection between two requests; a response that is still on its way out gets there.
    mutating func leave(_ client: ClientPointer) {
        loop.hurry(client.pointee.handle)
        if loop.unsentBytes(client.pointee.handle) > 0 { linger(client) } else { closeClient(client) }
    }

    /// Waits for the client to take the rest, or, when it has it, to close.
    func lingerTime(_ client: ClientPointer) -> Duration {
        loop.unsentBytes(client.pointee.handle) > 0
            ? listeners[Int(client.pointee.listener)].rules.bodyTimeout : ProxyLimits.lingerFor
    }

    mutating func armLinger(_ client: ClientPointer) {
        if loop.unsentBytes(client.pointee.handle) > 0 {
            client.pointee.sentMark = loop.deliveredBytes(client.pointee.handle)
        }
        loop.setDeadline(client.pointee.handle, loop.now + lingerTime(client))
    }

    /// Bytes of a client that is done with.
    mutating func discard(_ client: ClientPointer, _ count: Int) {
        client.pointee.lingerBytes += count
        if client.pointee.lingerBytes > ProxyLimits.lingerBytesMax { closeClient(client) }
    }

    mutating func closeClient(_ client: ClientPointer, withReset: Bool = false) {
        let handle = client.pointee.handle
        giveBack(&client.pointee.stash)
        giveBack(&client.pointee.kept)
        giveBack(&client.pointee.trailers)
        if output.target == handle { output.clear() }
        loop.hurry(handle)
        // What it was told and did not take is lost: an end in order would say that there was no more.
        let isCut = loop.unsentBytes(handle) > 0
        if client.pointee.flags.contains(.isStream) {
            streamClosed(client)
        } else {
            listeners[Int(client.pointee.listener)].clientsOpen -= 1
            leaveListener(client)
        }
        client.pointee.phase = .free
        client.pointee.handle = .none
        roles[handle.index].pointee = .none
        if withReset || isCut { loop.reset(handle) } else { loop.close(handle) }
    }

    // MARK: The client's side of the connection

    mutating func clientEnded(_ client: ClientPointer) {
        switch client.pointee.phase {
        case .waiting: closeClient(client)
        case .greeting, .hello: failGreeting(client)
        case .multiplexed: linger(client)
        case .idle, .head, .free:
            client.pointee.flags.insert(.inputEnded)
            leave(client)
        case .lingering:
            client.pointee.flags.insert(.inputEnded)
            if loop.unsentBytes(client.pointee.handle) == 0 { closeClient(client) }
        case .tunneling:
            clientTunnelEnded(client)
        case .held, .connecting, .exchanging:
            // A TCP client may end its side before the backend is there; passed on when it is. So may the client of a
            // tunnel in a stream, who would reset that to leave. An HTTP client that ends its side before it has its
            // response is taken for gone, as nginx does: a FIN is all we see of most clients that left.
            if !client.pointee.flags.isDisjoint(with: [.isTCP, .isStream]) {
                client.pointee.flags.insert(.inputEnded)
            } else {
                abort(client, .clientAbort)
            }
        }
    }

    mutating func clientBroken(_ client: ClientPointer) {
        switch client.pointee.phase {
        case .greeting, .hello: failGreeting(client)
        case .waiting, .idle, .head, .lingering, .multiplexed, .free: closeClient(client)
        case .tunneling: breakTunnel(client, .clientAbort)
        case .held, .connecting, .exchanging: abort(client, .clientAbort)
        }
    }

    /// The client took everything: its sources may go on.
    mutating func clientDrained(_ client: ClientPointer) {
        switch client.pointee.phase {
        case .lingering:
            if client.pointee.flags.contains(.inputEnded) { return closeClient(client) }
            armLinger(client)
        case .tunneling:
            let upstream = upstreams[client.pointee.upstream.index]
            if endTunnelIfOver(client, upstream) { return }
            loop.resumeReceiving(client.pointee.upstream)
        case .exchanging:
            if client.pointee.requestBody.isDone { loop.clearDeadline(client.pointee.handle) }
            loop.resumeReceiving(client.pointee.upstream)
        case .idle, .head:
            feedStash(client)
        case .waiting, .held, .connecting, .greeting, .hello, .multiplexed, .free:
            break
        }
    }
}
