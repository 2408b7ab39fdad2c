// What happens when an attempt fails after it was connected: a grace for stale connections, a retry within the rules, an
// answer of our own, or a response cut short where the client can see it.
//
// The rules (14 to 16 of the research note; RFC 9110 §9.2.2):
// - A request of which we have forgotten a part, because its body was too long to be kept or is chunked: never.
// - Nothing of the request was taken by the system for this connection: it may go elsewhere, whatever its method.
// - A *reused* connection that ended before any response byte was stale: one further attempt on a fresh connection, to
//   the same backend or another, without charging the budget; if the request may be sent twice.
// - A connection that ended before any response byte: another backend, if the request may be sent twice, within
//   `retriesMax` and the budget.
// - A backend of HTTP/2 that says it has done nothing for the request (GOAWAY, REFUSED_STREAM; RFC 9113 §6.8, §8.7): as
//   before, whatever its method, and, where there is no other backend, once more on the same.
// - After the first response byte: never. Timeouts: never.

import Balancing
import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// `isRefused`: the backend says that it has done nothing for the request, of which nothing counts as sent.
    mutating func attemptFailed(_ upstream: UpstreamPointer, _ reason: Reason, isRefused: Bool = false) {
        let client = clients[upstream.pointee.client.index]
        let lacksUpgrade = reason == .upgradeUnsupported
        let isEnd = reason == .upstreamReset || reason == .upstreamClosedEarly || lacksUpgrade
        let isUnanswered =
            isEnd && upstream.pointee.phase == .awaitingHead && upstream.pointee.stash.isEmpty
            && client.pointee.interimResponses == 0
        let isUnsent = loop.sentBytes(upstream.pointee.handle) == upstream.pointee.sentMark
        let mayRepeat =
            isUnanswered && !client.pointee.flags.contains(.bodyForgotten)
            && (isUnsent || client.pointee.method.isIdempotent)
        let isGraced =
            mayRepeat && upstream.pointee.isReused && !client.pointee.flags.contains(.needsFresh) && !lacksUpgrade
        if isUnanswered, upstream.pointee.isReused, !isRefused, !lacksUpgrade {
            // It was idle for as long as the backend allows, to the moment.
            let age = client.pointee.connected - upstream.pointee.idleSince
            backends[upstream.pointee.backend].pointee.idleLimit.sawEnd(afterIdle: age, now: loop.now)
        }
        if !isGraced { GaugeLane.count(backends[upstream.pointee.backend].pointee.lane.pointee.upstreamFailures) }
        closeUpstream(upstream)
        endAttempt(client, isFailed: !isGraced)
        guard !client.pointee.flags.contains(.responseBegun) else { return cut(client, reason) }
        client.pointee.flags.remove(.discardsBody)
        if isGraced {
            client.pointee.flags.insert(.needsFresh)
            return dispatchAgain(client)
        }
        client.pointee.lastFailure = reason
        let service = Int(client.pointee.service)
        if mayRepeat, Int(client.pointee.retries) < services[service].retriesMax,
            services[service].budget.takeRetry(now: loop.now)
        {
            client.pointee.retries += 1
            return dispatch(client, orAgainOn: isRefused ? client.pointee.backend : nil)
        }
        failRequest(client, status: reason == .responseTimeout ? 504 : 502, reason)
    }

    /// Gives up the attempt in progress, if there is one.
    mutating func abandonUpstream(_ client: ClientPointer) {
        guard !client.pointee.upstream.isNone else { return }
        closeUpstream(upstreams[client.pointee.upstream.index])
        endAttempt(client, isFailed: false)
    }

    /// Ends a request that has no attempt in progress: by an answer of ours, or visibly cut when one has begun.
    mutating func failRequest(_ client: ClientPointer, status: Int, _ reason: Reason) {
        if client.pointee.flags.contains(.responseBegun) {
            cut(client, reason)
        } else if client.pointee.flags.contains(.isTCP) {
            client.pointee.reason = reason
            conclude(client)
            closeClient(client)
        } else {
            respond(client, status: status, reason, mustClose: false)
        }
    }

    /// Ends a response that can't be completed so that the client can't take it for the whole: short of its length,
    /// without its last chunk, or, where only the connection's end would tell the end, with a reset.
    mutating func cut(_ client: ClientPointer, _ reason: Reason) {
        client.pointee.reason = reason
        flush()
        let endsByClose: Bool
        switch client.pointee.responseBody {
        case .length, .done: endsByClose = false
        case .chunked, .untilClose: endsByClose = !client.pointee.flags.contains(.rechunks)
        }
        conclude(client)
        closeClient(client, withReset: endsByClose)
    }

    /// The client is gone, or we are: so is what was done for it.
    mutating func abort(_ client: ClientPointer, _ reason: Reason) {
        if client.pointee.phase == .tunneling { return breakTunnel(client, reason) }
        if client.pointee.phase == .held { leaveHold(client) }
        abandonUpstream(client)
        if client.pointee.flags.contains(.hasRequest), client.pointee.flags.contains(.responseBegun) {
            return cut(client, reason)
        }
        client.pointee.reason = reason
        conclude(client)
        closeClient(client)
    }
}
