// Time runs out: what that means depends on whom the exchange was waiting for.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func clientDeadline(_ client: ClientPointer) {
        let handle = client.pointee.handle
        switch client.pointee.phase {
        case .free, .waiting: break
        case .greeting, .hello: clientBroken(client)
        case .multiplexed: carrierDeadline(client)
        case .idle: leave(client)
        case .head:
            beginRefused(client)
            respond(client, status: 408, .clientTimeout, mustClose: true)
        case .held:
            leaveHold(client)
            if client.pointee.flags.contains(.connectFailed) {
                refuseHeld(client, isFull: false)
            } else {
                failRequest(client, status: 503, .holdTimeout)
            }
        case .tunneling: if hasTunnelMoved(client) { touchTunnel(client) } else { breakTunnel(client, .clientTimeout) }
        case .lingering:
            // A slow reader that still reads has time; one that is done reading has had it.
            if loop.unsentBytes(handle) > 0, loop.deliveredBytes(handle) != client.pointee.sentMark,
                !readsTooSlowly(client)
            {
                armLinger(client)
            } else {
                closeClient(client)
            }
        case .connecting:
            // The body waits for the backend, not for the client.
            break
        case .exchanging:
            if loop.isCongested(handle) {
                guard loop.deliveredBytes(handle) == client.pointee.sentMark else {
                    guard readsTooSlowly(client) else { return watchSlowReader(client) }
                    abandonUpstream(client)
                    return failRequest(client, status: 408, .clientTooSlow)
                }
            } else if client.pointee.requestBody.isDone {
                return
            } else if !loop.isReceiving(handle) {
                // The body waits for the backend, whose own deadline runs.
                return rearmBody(client)
            }
            abandonUpstream(client)
            failRequest(client, status: 408, .clientTimeout)
        }
    }

    private mutating func rearmBody(_ client: ClientPointer) {
        loop.setDeadline(client.pointee.handle, loop.now + bodyTime(client))
    }

    /// How long a request body may pause. A call of gRPC may be silent for longer.
    func bodyTime(_ client: ClientPointer) -> Duration {
        max(
            listeners[Int(client.pointee.listener)].rules.bodyTimeout,
            services[Int(client.pointee.service)].silence)
    }

    /// The client does not take what we have: it gets the time of a body read for each step forward.
    mutating func watchSlowReader(_ client: ClientPointer) {
        client.pointee.sentMark = loop.deliveredBytes(client.pointee.handle)
        rearmBody(client)
    }

    /// Whether an end to which bytes are on their way has acknowledged some since `mark`.
    func hasTaken(_ connection: ConnectionHandle, since mark: inout UInt64) -> Bool {
        let delivered = loop.deliveredBytes(connection)
        defer { mark = delivered }
        return delivered != mark && (loop.unsentBytes(connection) > 0 || delivered != loop.sentBytes(connection))
    }

    /// Begins to measure how fast the client takes what waits for it.
    func beginReadRate(_ client: ClientPointer) {
        client.pointee.readRate = RateWindow(began: loop.now, mark: loop.deliveredBytes(client.pointee.handle))
    }

    private func readsTooSlowly(_ client: ClientPointer) -> Bool {
        (client.pointee.service < 0 || services[Int(client.pointee.service)].silence == .zero)
            && client.pointee.readRate.isTooSlow(
                loop.deliveredBytes(client.pointee.handle), listeners[Int(client.pointee.listener)].rules, now: loop.now
            )
    }

    /// Begins to measure how fast the client sends the body: not while the body waits for the backend.
    func beginBodyRate(_ client: ClientPointer) {
        client.pointee.bodyRate = RateWindow(began: loop.now, mark: client.pointee.bytesIn)
    }

    /// Once the response has begun, the two ends may talk as slowly as they like (a stream both ways). So may those of
    /// a service that lets its streams be silent.
    func sendsTooSlowly(_ client: ClientPointer) -> Bool {
        services[Int(client.pointee.service)].silence == .zero && !client.pointee.requestBody.isDone
            && !client.pointee.flags.contains(.responseBegun)
            && client.pointee.bodyRate.isTooSlow(
                client.pointee.bytesIn, listeners[Int(client.pointee.listener)].rules, now: loop.now)
    }

    mutating func upstreamDeadline(_ upstream: UpstreamPointer) {
        let handle = upstream.pointee.handle
        switch upstream.pointee.phase {
        case .free, .tunneling: break
        case .idle: closeUpstream(upstream)
        case .connecting: connectFailed(upstream, isTimeout: true)
        case .awaitingHead:
            let client = clients[upstream.pointee.client.index]
            // While the client is still sending, its own deadline runs; the backend's begins with the last byte. But a
            // backend that takes nothing, or leaves `Expect: 100-continue` unanswered, is late.
            let awaitsContinue = client.pointee.flags.contains(.expectsContinue) && client.pointee.bytesIn == 0
            let isWaited = !loop.isCongested(handle) || hasTaken(handle, since: &upstream.pointee.deliveredMark)
            if !client.pointee.requestBody.isDone, isWaited, !awaitsContinue {
                let timeout = services[Int(client.pointee.service)].timeouts.response
                return loop.setDeadline(handle, loop.now + timeout)
            }
            attemptFailed(upstream, .responseTimeout)
        case .body:
            let client = clients[upstream.pointee.client.index]
            // Paused because the client is slow: the client's deadline runs.
            if loop.isCongested(client.pointee.handle) {
                let timeout = services[Int(client.pointee.service)].timeouts.idle
                return loop.setDeadline(handle, loop.now + timeout)
            }
            attemptFailed(upstream, .responseTimeout)
        }
    }
}
