// From a client's bytes to a request with a service. Bytes are used where they were received; what can't be used yet is
// stashed in a lent block, and while bytes wait there (other than a partial head) no more are received.

import Balancing
import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    typealias ClientPointer = UnsafeMutablePointer<Client>

    mutating func clientReceived(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) {
        let handle = client.pointee.handle
        switch client.pointee.phase {
        case .tunneling:
            if client.pointee.stash.isEmpty { return relayFromClient(client, bytes) }
        case .lingering:
            return discard(client, bytes.count)
        case .waiting, .idle, .head, .held, .connecting, .exchanging, .greeting, .hello, .multiplexed, .free:
            break
        }
        guard client.pointee.stash.isEmpty else {
            guard append(bytes, to: &client.pointee.stash) else { return clientBroken(client) }
            return feedStash(client)
        }
        let used = feed(client, bytes)
        flush()
        guard isOpen(client, handle) else { return }
        if used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            guard append(rest, to: &client.pointee.stash) else { return clientBroken(client) }
        }
        updateReceiving(client)
    }

    /// Whether the client that the caller looked at is still the one in that slot.
    @inline(__always)
    func isOpen(_ client: ClientPointer, _ handle: ConnectionHandle) -> Bool {
        client.pointee.handle == handle && client.pointee.phase != .free
    }

    /// Goes on with what was stashed.
    mutating func feedStash(_ client: ClientPointer) {
        let handle = client.pointee.handle
        if !client.pointee.stash.isEmpty {
            var stash = client.pointee.stash
            client.pointee.stash = Stash()
            let used = feed(client, stash.bytes)
            // The block may be lent again as soon as it is given back.
            flush()
            stash.start += used
            if stash.isEmpty || !isOpen(client, handle) {
                blocks.giveBack(stash.block)
            } else {
                client.pointee.stash = stash
            }
        }
        if isOpen(client, handle) { updateReceiving(client) }
    }

    /// Uses as many bytes as the state of the exchange allows, and returns how many.
    private mutating func feed(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) -> Int {
        let handle = client.pointee.handle
        var used = 0
        while used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            let taken: Int
            switch client.pointee.phase {
            case .idle, .head:
                // A client that does not read its responses gets no further ones.
                if loop.isCongested(handle) { return used }
                taken = takeHead(client, rest)
            case .exchanging:
                if client.pointee.requestBody.isDone { return used }
                taken = forwardBody(client, rest)
            case .tunneling:
                relayFromClient(client, rest)
                taken = rest.count
            case .lingering:
                discard(client, rest.count)
                taken = rest.count
            case .hello:
                takeHello(client, rest)
                taken = 0
            case .waiting, .held, .connecting, .greeting, .multiplexed, .free:
                return used
            }
            guard isOpen(client, handle) else { return bytes.count }
            if taken == 0 { return used }
            used += taken
        }
        return used
    }

    /// Lets the client send, or not: bytes that could only be stashed stay with it.
    mutating func updateReceiving(_ client: ClientPointer) {
        let handle = client.pointee.handle
        let isWanted: Bool
        switch client.pointee.phase {
        case .idle, .head: isWanted = !loop.isCongested(handle)
        // Receiving while nothing is expected shows that the client left.
        case .held, .connecting: isWanted = client.pointee.stash.isEmpty
        case .exchanging:
            isWanted =
                client.pointee.stash.isEmpty
                && (client.pointee.requestBody.isDone || !loop.isCongested(client.pointee.upstream))
        case .tunneling: isWanted = client.pointee.stash.isEmpty && !loop.isCongested(client.pointee.upstream)
        case .lingering, .greeting, .hello, .multiplexed: isWanted = true
        case .waiting, .free: return
        }
        if isWanted, client.pointee.phase == .exchanging, !loop.isReceiving(handle) { beginBodyRate(client) }
        if isWanted { loop.resumeReceiving(handle) } else { loop.pauseReceiving(handle) }
    }

    /// Adds bytes behind what is stashed, in a bigger block if need be; `false` when that would pass the biggest block.
    mutating func append(_ bytes: UnsafeRawBufferPointer, to stash: inout Stash) -> Bool {
        let kept = stash.end - stash.start
        if stash.block.count - stash.end < bytes.count {
            guard kept + bytes.count <= BlockPool.largeBytes else { return false }
            if stash.block.count >= kept + bytes.count {
                stash.block.baseAddress!.copyMemory(from: stash.block.baseAddress! + stash.start, byteCount: kept)
            } else {
                let wider = blocks.lend(kept + bytes.count)
                if stash.block.count > 0 {
                    wider.copyMemory(from: stash.bytes)
                    blocks.giveBack(stash.block)
                }
                stash.block = wider
            }
            stash.start = 0
            stash.end = kept
        }
        UnsafeMutableRawBufferPointer(rebasing: stash.block[stash.end...]).copyMemory(from: bytes)
        stash.end += bytes.count
        return true
    }

    mutating func giveBack(_ stash: inout Stash) {
        if stash.block.count > 0 { blocks.giveBack(stash.block) }
        stash = Stash()
    }

    /// Reads a head; returns its length, or 0 when it is not complete or was refused.
    private mutating func takeHead(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) -> Int {
        let listener = Int(client.pointee.listener)
        let limits = HeadLimits(
            bytesMax: min(listeners[listener].rules.headerBytesMax.bytes, ProxyLimits.headBytesMax),
            fieldsMax: listeners[listener].rules.headerFieldsMax)
        switch requestParser.parse(bytes, resuming: &client.pointee.progress, within: limits) {
        case .incomplete:
            if isShortOfMemory {
                beginRefused(client)
                respond(client, status: 503, .outOfMemory, mustClose: true)
                return 0
            }
            if client.pointee.phase == .idle {
                client.pointee.phase = .head
                loop.setDeadline(client.pointee.handle, loop.now + listeners[listener].rules.headerTimeout)
            }
            return 0
        case .malformed(let fault):
            beginRefused(client)
            client.pointee.fault = fault
            respond(client, status: fault.status, Reason(fault), mustClose: true)
            return 0
        case .complete(let length):
            client.pointee.progress = HeadProgress()
            beginRequest(client, bytes, length)
            return length
        }
    }

    /// A request that never got a head we could read: for its answer and its log line.
    mutating func beginRefused(_ client: ClientPointer) {
        client.pointee.forgetRequest()
        client.pointee.progress = HeadProgress()
        client.pointee.flags.insert([.hasRequest, .isHTTP11])
        client.pointee.begun = loop.now
        client.pointee.chosen = loop.now
        client.pointee.method = .get
        client.pointee.methodText = Span()
        client.pointee.path = Span()
        client.pointee.host = Span()
        var kept = Stash()
        kept.block = blocks.lend(RequestID.length)
        client.pointee.requestID = writeRequestID(&kept)
        client.pointee.kept = kept
        client.pointee.headLength = 0
    }

    private mutating func writeRequestID(_ kept: inout Stash) -> Span {
        var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: kept.block[kept.end...]))
        RequestID.write((random.next(), random.next()), into: &writer)
        let span = Span(start: kept.end, count: writer.count)
        kept.end += writer.count
        return span
    }

    /// The head is complete: keeps it, finds the service, and goes looking for a backend.
    private mutating func beginRequest(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer, _ length: Int) {
        client.pointee.forgetRequest()
        var flags: Client.Flags = [.hasRequest]
        if requestParser.isHTTP11 { flags.insert(.isHTTP11) }
        if requestParser.isUpgrade { flags.insert(.isUpgrade) }
        if requestParser.expectsContinue { flags.insert(.expectsContinue) }
        if !requestParser.keepAlive { flags.insert(.clientCloses) }
        if requestParser.keepAlive && !isDraining { flags.insert(.keepAlive) }
        if requestParser.acceptsTrailers { flags.insert(.acceptsTrailers) }
        if requestParser.forwardsTrailers { flags.insert(.sendsTrailers) }
        // A stream carries one exchange: what follows it is no request.
        if client.pointee.flags.contains(.isStream) { flags.remove(.keepAlive) }
        client.pointee.requests &+= 1
        if let most = listeners[Int(client.pointee.listener)].rules.requestsPerConnectionMax,
            Int(client.pointee.requests) >= most
        {
            flags.remove(.keepAlive)
        }
        client.pointee.flags = flags.union(client.pointee.flags.intersection([.isSecure, .isStream]))
        client.pointee.begun = loop.now
        client.pointee.chosen = loop.now
        client.pointee.method = requestParser.method
        let framing = requestParser.framing
        client.pointee.requestBody = BodyProgress(framing)
        keep(client, bytes, length, framing)
        loop.clearDeadline(client.pointee.handle)
        if isShortOfMemory { return respond(client, status: 503, .outOfMemory, mustClose: true) }

        let host = requestParser.host.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
        if isElsewhere(client, host) { return }
        guard let match = route(bytes) else {
            return respond(client, status: 404, .noRoute, mustClose: false)
        }
        let service = Int(serviceNumbers[match])
        client.pointee.service = Int32(service)
        client.pointee.flags.insert(.isCounted)
        GaugeLane.count(services[service].lane.pointee.requests)
        services[service].lane.pointee.shift(by: 1, now: loop.now)
        services[service].budget.countRequest(now: loop.now)
        if case .length(let size) = framing, size > services[service].bodyBytesMax {
            return respond(client, status: 413, .bodyTooLarge, mustClose: true)
        }
        dispatch(client, parsed: bytes)
    }

    /// The table's number of the service for the head that was just read: by its path's normal form.
    private func route(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let host = requestParser.host.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
        let path = requestParser.path(in: bytes)
        if requestParser.isPathPlain { return matcher?.match(host: host, path: path) }
        return withUnsafeTemporaryAllocation(byteCount: path.count, alignment: 1) { room in
            let length = NormalPath.normalise(path, into: room)
            return matcher?.match(host: host, path: UnsafeRawBufferPointer(rebasing: room[..<length]))
        }
    }

    /// Keeps the head for the log and for further attempts, and room for a body short enough to be sent again.
    private mutating func keep(
        _ client: ClientPointer, _ bytes: UnsafeRawBufferPointer, _ length: Int, _ framing: BodyFraming
    ) {
        var bodyRoom = 0
        switch framing {
        // Of any method: what the system did not take at all may always be sent again.
        case .length(let size) where size <= UInt64(ProxyLimits.replayBodyBytesMax): bodyRoom = Int(size)
        default: break
        }
        var kept = Stash()
        kept.block = blocks.lend(length + RequestID.length + bodyRoom)
        kept.block.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        kept.end = length
        client.pointee.headLength = UInt32(truncatingIfNeeded: length)
        client.pointee.methodText = Span(
            start: requestParser.methodRange.lowerBound, count: requestParser.methodRange.count)
        client.pointee.path = Span(start: requestParser.path.lowerBound, count: requestParser.path.count)
        client.pointee.host = requestParser.host.map { Span(start: $0.lowerBound, count: $0.count) } ?? Span()
        if let id = requestParser.requestID {
            client.pointee.requestID = Span(start: id.lowerBound, count: id.count)
        } else {
            client.pointee.requestID = writeRequestID(&kept)
        }
        client.pointee.keptBodyStart = UInt32(truncatingIfNeeded: kept.end)
        client.pointee.kept = kept
    }

    /// A part of the kept head.
    @inline(__always)
    func text(_ client: ClientPointer, _ span: Span) -> UnsafeRawBufferPointer {
        let start = Int(span.start)
        return UnsafeRawBufferPointer(rebasing: client.pointee.kept.block[start..<start + Int(span.count)])
    }
}
