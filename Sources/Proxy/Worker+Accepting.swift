// Clients come: who may, the bounds on connections, and the pause when descriptors or memory are short.

import CKernel
import EventLoop
import Glibc
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func accepted(_ handle: ConnectionHandle, token: UInt32) {
        let listener = Int(token)
        listeners[listener].clientsOpen += 1
        prepare(handle, .client)
        let client = clients[handle.index]
        client.pointee = Client()
        client.pointee.handle = handle
        client.pointee.listener = Int32(token)
        client.pointee.phase = .waiting
        writePeer(of: handle)
        let address = IPAddress(loop.peerAddress(of: handle))
        if let networks = listeners[listener].rules.proxyFrom {
            // Its real client is known once the header was read, and counted then.
            guard let address, networks.contains(where: { $0.contains(address) }) else {
                GaugeLane.count(listeners[listener].gate.lane(index).pointee.untrusted)
                return closeClient(client)
            }
        } else if let address, !countAddress(client, address) {
            return closeClient(client)
        }
        if listeners[listener].waiting.isEmpty, listeners[listener].gate.enter() {
            begin(client)
        } else {
            loop.pauseReceiving(handle)
            listeners[listener].waiting.append(client, in: clients)
            if listeners[listener].gate.wait(worker: index) { beginFirstWaiting(listener) }
            updateWaiting(listener)
        }
        pauseIfShort()
    }

    /// A client that has a place.
    private mutating func begin(_ client: ClientPointer) {
        let handle = client.pointee.handle
        let listener = Int(client.pointee.listener)
        let lane = listeners[listener].lane
        GaugeLane.count(lane.pointee.requests)
        lane.pointee.shift(by: 1, now: loop.now)
        // Whatever comes next may close it at once: from here on, it has a place to give back.
        client.pointee.phase = .idle
        if listeners[listener].isPreceded {
            client.pointee.phase = .greeting
            loop.setDeadline(handle, loop.now + listeners[listener].rules.handshakeTimeout)
        } else {
            beginClient(client)
        }
    }

    /// The connection carries the application's bytes from here on.
    mutating func beginClient(_ client: ClientPointer) {
        let listener = Int(client.pointee.listener)
        if listeners[listener].tcpService >= 0 {
            beginTCP(client, service: listeners[listener].tcpService)
        } else if listeners[listener].isPassthrough {
            beginHello(client)
        } else {
            client.pointee.phase = .idle
            // Who comes in the middle of a drain (out of a handshake, or of those who waited) has a request in mind.
            let patience = isDraining ? ProxyLimits.lingerFor : listeners[listener].rules.idleTimeout
            loop.setDeadline(client.pointee.handle, loop.now + patience)
        }
    }

    /// Counts a connection of this address; `false` when it has too many.
    private func countAddress(_ client: ClientPointer, _ address: IPAddress) -> Bool {
        let listener = Int(client.pointee.listener)
        guard let most = listeners[listener].rules.connectionsPerAddressMax else { return true }
        let gate = listeners[listener].gate
        let key = gate.addresses.key(of: address)
        guard gate.addresses.enter(key, limit: most) else {
            GaugeLane.count(gate.lane(index).pointee.perAddress)
            return false
        }
        client.pointee.addressKey = key
        return true
    }

    /// Behind a PROXY header, the client is whom the header names; `false` when its address has too many connections.
    mutating func takeHeralded(_ client: ClientPointer) -> Bool {
        writePeer(of: client.pointee.handle)
        guard let address = peers[client.pointee.handle.index].pointee.address else { return true }
        return countAddress(client, address)
    }

    // MARK: The bound on connections

    /// Lets the first of those who wait use a place that is taken already.
    private mutating func beginFirstWaiting(_ listener: Int) {
        guard let first = listeners[listener].waiting.first else { return }
        let client = clients[first]
        let handle = client.pointee.handle
        listeners[listener].waiting.remove(client, in: clients)
        loop.resumeReceiving(handle)
        begin(client)
    }

    /// Accepting goes on when nobody waits.
    private mutating func updateWaiting(_ listener: Int) {
        let isFull = !listeners[listener].waiting.isEmpty
        if !isFull { listeners[listener].gate.stopWaiting(worker: index) }
        guard isFull != listeners[listener].isFull else { return }
        listeners[listener].isFull = isFull
        if isFull {
            GaugeLane.count(listeners[listener].gate.lane(index).pointee.pausedFull)
            if !isDraining { loop.pauseListening(token: UInt32(listener)) }
        } else {
            resumeIfWanted(listener)
        }
    }

    private mutating func resumeIfWanted(_ listener: Int) {
        guard !listeners[listener].isFull, !listeners[listener].isShort, listeners[listener].isOpen else { return }
        loop.resumeListening(token: UInt32(listener))
    }

    /// Uses the places that others handed over, or hands them on; with `alsoFree`, takes free ones too.
    mutating func useGrants(_ listener: Int, alsoFree: Bool = false) {
        let gate = listeners[listener].gate
        var grants = gate.takeGrants(worker: index)
        guard grants > 0 || alsoFree && listeners[listener].isFull else { return }
        while !listeners[listener].waiting.isEmpty, grants > 0 || alsoFree && gate.take() {
            grants = max(0, grants - 1)
            beginFirstWaiting(listener)
        }
        for _ in 0..<grants { gate.leave() }
        // The bit is off after a grant: who still waits asks again.
        while !listeners[listener].waiting.isEmpty, gate.wait(worker: index) { beginFirstWaiting(listener) }
        updateWaiting(listener)
    }

    /// A client's connection is over: its place and its address count for others.
    mutating func leaveListener(_ client: ClientPointer) {
        let listener = Int(client.pointee.listener)
        let gate = listeners[listener].gate
        if client.pointee.addressKey != 0 { gate.addresses.leave(client.pointee.addressKey) }
        if client.pointee.phase == .waiting {
            guard listeners[listener].waiting.contains(client) else { return }
            listeners[listener].waiting.remove(client, in: clients)
            return updateWaiting(listener)
        }
        listeners[listener].lane.pointee.shift(by: -1, now: loop.now)
        gate.leave()
    }

    // MARK: Descriptors and memory

    /// What this worker may have open: its share of what others leave.
    static func descriptorShare(of configuration: Gateway.Configuration) -> Int {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        let most = configuration.openFilesMax ?? (isKnown ? Int(clamping: limit.rlim_cur) : .max)
        let share = (most - ProxyLimits.descriptorsOfOthers) / configuration.workers
        return max(ProxyLimits.upstreamDescriptorShare * 2, share)
    }

    var isShortOfDescriptors: Bool {
        loop.openDescriptors >= descriptorsMax - descriptorsMax / ProxyLimits.upstreamDescriptorShare
    }

    var isShortOfMemory: Bool { loop.lentBytes + blocks.lentBytes > bufferBytesMax }

    private mutating func pauseIfShort() {
        guard isShortOfDescriptors || isShortOfMemory else { return }
        pauseAccepting()
    }

    /// The system itself is out of descriptors: the clients wait in the backlog until some are free again.
    mutating func acceptFailed(token: UInt32) {
        pauseAccepting()
    }

    private mutating func pauseAccepting() {
        for listener in listeners.indices where listeners[listener].isOpen && !listeners[listener].isShort {
            listeners[listener].isShort = true
            GaugeLane.count(listeners[listener].gate.lane(index).pointee.pausedShort)
            loop.pauseListening(token: UInt32(listener))
        }
        loop.setDeadline(acceptTimer, loop.now + ProxyLimits.acceptPause)
    }

    mutating func resumeAccepting() {
        guard !isShortOfDescriptors, !isShortOfMemory else {
            return loop.setDeadline(acceptTimer, loop.now + ProxyLimits.acceptPause)
        }
        for listener in listeners.indices where listeners[listener].isShort {
            listeners[listener].isShort = false
            resumeIfWanted(listener)
        }
    }

    mutating func writePeer(of handle: ConnectionHandle) {
        let peer = loop.peerAddress(of: handle)
        let text = peers[handle.index]
        text.pointee = PeerText()
        text.pointee.address = IPAddress(peer)
        text.pointee.port = IPAddress.port(of: peer)
        var writer = ByteWriter(
            UnsafeMutableRawBufferPointer(start: PeerText.bytes(text), count: PeerText.capacity))
        let raw = UnsafeRawPointer(peer)
        switch CInt(peer.pointee.ss_family) {
        case AF_INET:
            let address = raw.load(as: sockaddr_in.self)
            withUnsafeBytes(of: address.sin_addr) { Self.writeIPv4($0, &writer) }
            text.pointee.addressCount = UInt8(writer.count)
            writer.append(UInt8(ascii: ":"))
            writer.append(decimal: UInt64(UInt16(bigEndian: address.sin_port)))
        case AF_INET6:
            var address = raw.load(as: sockaddr_in6.self)
            writer.append(UInt8(ascii: "["))
            text.pointee.addressStart = 1
            withUnsafeBytes(of: &address.sin6_addr) { bytes in
                // An IPv4 client of a dual-stack listener shows as ::ffff:a.b.c.d; it is an IPv4 client.
                if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
                    writer = ByteWriter(
                        UnsafeMutableRawBufferPointer(start: PeerText.bytes(text), count: PeerText.capacity))
                    text.pointee.addressStart = 0
                    Self.writeIPv4(UnsafeRawBufferPointer(rebasing: bytes[12...]), &writer)
                } else {
                    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { room in
                        guard inet_ntop(AF_INET6, bytes.baseAddress, room.baseAddress!, 46) != nil else { return }
                        let length = strlen(room.baseAddress!)
                        writer.append(UnsafeRawBufferPointer(start: room.baseAddress, count: length))
                    }
                }
            }
            text.pointee.addressCount = UInt8(writer.count) - text.pointee.addressStart
            if text.pointee.addressStart == 1 { writer.append(UInt8(ascii: "]")) }
            writer.append(UInt8(ascii: ":"))
            writer.append(decimal: UInt64(UInt16(bigEndian: address.sin6_port)))
        default:
            writer.append("unix:")
            text.pointee.addressCount = UInt8(writer.count)
        }
        text.pointee.count = UInt8(writer.count)
    }

    private static func writeIPv4(_ bytes: UnsafeRawBufferPointer, _ writer: inout ByteWriter) {
        for index in 0..<4 {
            if index > 0 { writer.append(UInt8(ascii: ".")) }
            writer.append(decimal: UInt64(bytes[index]))
        }
    }
}
