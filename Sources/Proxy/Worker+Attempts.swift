// One attempt: a backend is chosen and the request counted in flight there in one step; then a pooled or a new
// connection takes the request. Nothing here waits.

import Balancing
import EventLoop
import Glibc
import HTTPWire
import Routing
import Synchronization
import Vocabulary

extension Worker where Loop: ~Copyable {
    typealias UpstreamPointer = UnsafeMutablePointer<Upstream>

    /// Tries the request on a backend, or holds it. `parsed`: the bytes that `requestParser` has just read this head
    /// from; without them the kept head is read again. `former`: the backend to take when there is no other.
    mutating func dispatch(
        _ client: ClientPointer, parsed: UnsafeRawBufferPointer? = nil, orAgainOn former: Int32? = nil
    ) {
        guard client.pointee.connectAttempts < ProxyLimits.attemptsMax,
            let slot = choose(client) ?? former.flatMap({ backends[$0].pointee.standing == .ready ? $0 : nil })
        else { return hold(client) }
        beginAttempt(client, slot)
        if !client.pointee.flags.contains(.needsFresh), !client.pointee.flags.contains(.isTCP),
            let upstream = takePooled(slot, for: client.pointee.method)
        {
            client.pointee.upstream = upstream.pointee.handle
            upstream.pointee.client = client.pointee.handle
            client.pointee.connected = loop.now
            sendRequest(client, upstream, parsed: parsed)
            // On a later attempt, and after a hold, the body that came in the meantime waits in the stash.
            if parsed == nil { feedStash(client) }
        } else {
            connect(client, slot)
        }
    }

    /// Tries the request once more on the backend it is at, on a new connection: the turn of that backend was counted.
    mutating func dispatchAgain(_ client: ClientPointer) {
        let slot = client.pointee.backend
        guard backends[slot].pointee.standing == .ready else { return dispatch(client) }
        beginAttempt(client, slot)
        connect(client, slot)
    }

    /// A ready backend that has not failed this request; first among those that have not lately refused a connection.
    private mutating func choose(_ client: ClientPointer) -> Int32? {
        let service = Int(client.pointee.service)
        return pick(client, service, now: loop.now) ?? pick(client, service, now: Instant(nanoseconds: .max))
    }

    private mutating func pick(_ client: ClientPointer, _ service: Int, now: Instant) -> Int32? {
        // The closures are written where they are passed: one kept in a constant is allocated on the heap.
        let candidates = Candidates(
            members: services[service].members, backends: backends.base, tried: Client.tried(client),
            triedCount: Int(client.pointee.triedCount), workerCount: workerCount, now: now)
        let chosen: Int?
        switch services[service].algorithm {
        case .roundRobin:
            chosen = services[service].roundRobin.next(isEligible: { candidates.isEligible($0) })
        case .leastConnections:
            chosen = services[service].leastConnections.next(
                inFlight: { candidates.inFlight($0) }, isEligible: { candidates.isEligible($0) })
        }
        return chosen.map { candidates.members[$0] }
    }

    private mutating func beginAttempt(_ client: ClientPointer, _ slot: Int32) {
        let backend = backends[slot]
        backend.pointee.inFlight += 1
        backend.pointee.lane.pointee.shift(by: 1, now: loop.now)
        client.pointee.backend = slot
        client.pointee.chosen = loop.now
        client.pointee.revision = mailbox.appliedRevision
        if client.pointee.attempts < .max { client.pointee.attempts += 1 }
        // Beyond its room, the list keeps the newest at its end.
        let place = min(Int(client.pointee.triedCount), ProxyLimits.attemptsMax - 1)
        Client.tried(client)[place] = AttemptedBackend(slot: slot, id: backend.pointee.id)
        client.pointee.triedCount = UInt8(place + 1)
    }

    /// The attempt is over: the one place where a backend's count goes down.
    mutating func endAttempt(_ client: ClientPointer, isFailed: Bool) {
        let slot = client.pointee.backend
        let backend = backends[slot]
        backend.pointee.inFlight -= 1
        backend.pointee.lane.pointee.shift(by: -1, now: loop.now)
        if client.pointee.phase == .tunneling { GaugeLane.shift(backend.pointee.lane.pointee.tunnels, by: -1) }
        client.pointee.upstream = .none
        if isFailed, client.pointee.triedCount > 0 {
            Client.tried(client)[Int(client.pointee.triedCount) - 1].isFailed = true
        }
    }

    private mutating func connect(_ client: ClientPointer, _ slot: Int32) {
        let backend = backends[slot]
        var error = EADDRNOTAVAIL
        var opened = open(slot, &error)
        // Idle connections to any backend are worth less than one that is needed now.
        if opened == nil, error == EMFILE || error == ENFILE, dropPools() { opened = open(slot, &error) }
        guard let handle = opened else {
            // Our own want of descriptors is not the backend's fault.
            let isOurs = [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(error)
            if isOurs { client.pointee.flags.insert(.outOfDescriptors) }
            return attemptCouldNotConnect(client, isTimeout: false, isBackendFault: !isOurs)
        }
        prepare(handle, .upstream)
        let upstream = upstreams[handle.index]
        upstream.pointee = Upstream()
        upstream.pointee.handle = handle
        upstream.pointee.client = client.pointee.handle
        upstream.pointee.phase = .connecting
        upstream.pointee.backend = slot
        backend.pointee.connections += 1
        client.pointee.upstream = handle
        client.pointee.phase = .connecting
        loop.setDeadline(handle, loop.now + services[Int(client.pointee.service)].timeouts.connect)
    }

    private mutating func open(_ slot: Int32, _ error: inout CInt) -> ConnectionHandle? {
        let backend = backends[slot]
        guard backend.pointee.addressLength > 0 else { return nil }
        // What is left belongs to others: without it nobody could look into the door or stop it.
        guard loop.openDescriptors < descriptorsMax else {
            error = EMFILE
            return nil
        }
        return loop.connect(
            to: UnsafeRawPointer(backend.pointee.address.baseAddress!), length: backend.pointee.addressLength,
            family: backend.pointee.family, dress: backend.pointee.dress, error: &error)
    }

    mutating func upstreamConnected(_ upstream: UpstreamPointer) {
        let client = clients[upstream.pointee.client.index]
        let backend = backends[upstream.pointee.backend]
        // Stored only when it changes: the count is shared by all workers.
        if backend.pointee.consecutiveConnectFailures.pointee.load(ordering: .relaxed) != 0 {
            backend.pointee.consecutiveConnectFailures.pointee.store(0, ordering: .relaxed)
        }
        backend.pointee.penaltyEnd = .zero
        client.pointee.connected = loop.now
        let service = Int(client.pointee.service)
        if client.pointee.flags.contains(.isTCP) {
            GaugeLane.count(backend.pointee.lane.pointee.requests)
            if let version = services[service].proxyHeader { writeProxyHeader(version, client, upstream) }
            beginTunnel(client, upstream)
            feedStash(client)
        } else {
            sendRequest(client, upstream, parsed: nil)
            feedStash(client)
        }
        // Those who wait because every backend refused may follow.
        if services[service].heldCount > 0 { releaseHeld(service) }
    }

    /// Puts the request's head, and a kept body, on the connection.
    private mutating func sendRequest(
        _ client: ClientPointer, _ upstream: UpstreamPointer, parsed: UnsafeRawBufferPointer?
    ) {
        let bytes = parsed ?? readKept(client)
        if !client.pointee.requestBody.isDone {
            beginBodyRate(client)
            loop.setDeadline(
                client.pointee.handle, loop.now + bodyTime(client))
        }
        let handle = upstream.pointee.handle
        upstream.pointee.sentMark = loop.sentBytes(handle)
        upstream.pointee.phase = .awaitingHead
        upstream.pointee.progress = HeadProgress()
        upstream.pointee.closesAfter = false
        client.pointee.phase = .exchanging
        aim(handle)
        let peer = peers[client.pointee.handle.index]
        var writer = ByteWriter(output.room)
        HeadRewriter.writeRequest(
            from: bytes, head: requestParser,
            forwarded: ForwardedContext(
                clientAddress: PeerText.address(peer), requestID: text(client, client.pointee.requestID),
                fallbackHost: backends[upstream.pointee.backend].pointee.authority,
                isEncrypted: client.pointee.flags.contains(.isSecure)),
            into: &writer)
        // A head of at most 60 KiB grows by its host at most: it fits into twice the room.
        precondition(!writer.isOverflowed, "a request head outgrew the output buffer")
        output.commit(writer.count)
        let body = Int(client.pointee.keptBodyStart)..<client.pointee.kept.end
        if !body.isEmpty { output.add(UnsafeRawBufferPointer(rebasing: client.pointee.kept.block[body])) }
        GaugeLane.count(backends[upstream.pointee.backend].pointee.lane.pointee.requests)
        loop.setDeadline(handle, loop.now + services[Int(client.pointee.service)].timeouts.response)
    }

    /// Has `requestParser` read the request's head again; returns its bytes.
    mutating func readKept(_ client: ClientPointer) -> UnsafeRawBufferPointer {
        let bytes = UnsafeRawBufferPointer(rebasing: client.pointee.kept.block[..<Int(client.pointee.headLength)])
        // It was read with the limits of the settings before; now only the buffer bounds it.
        let limits = HeadLimits(bytesMax: ProxyLimits.headBytesMax + 1, fieldsMax: 10_000)
        guard case .complete = requestParser.parse(bytes, within: limits) else {
            preconditionFailure("a head that was read once reads the same again")
        }
        return bytes
    }

    // MARK: Connections that could not be made

    mutating func connectFailed(_ upstream: UpstreamPointer, isTimeout: Bool) {
        let client = clients[upstream.pointee.client.index]
        closeUpstream(upstream)
        attemptCouldNotConnect(client, isTimeout: isTimeout, isBackendFault: true)
    }

    /// Nothing was sent, so any request may be tried elsewhere.
    private mutating func attemptCouldNotConnect(_ client: ClientPointer, isTimeout: Bool, isBackendFault: Bool) {
        let backend = backends[client.pointee.backend]
        if isBackendFault {
            GaugeLane.count(backend.pointee.lane.pointee.connectFailures)
            backend.pointee.consecutiveConnectFailures.pointee.wrappingAdd(1, ordering: .relaxed)
            backend.pointee.penaltyEnd = loop.now + ProxyLimits.connectPenalty
            client.pointee.flags.remove(.outOfDescriptors)
        }
        endAttempt(client, isFailed: true)
        client.pointee.connectAttempts += 1
        client.pointee.flags.insert(.connectFailed)
        if isTimeout {
            client.pointee.flags.insert(.connectTimedOut)
        } else {
            client.pointee.flags.remove(.connectTimedOut)
        }
        dispatch(client)
    }
}
