// Clients come: bounds, gauges, and the pause when the system is out of descriptors.

import CKernel
import EventLoop
import Glibc
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func accepted(_ handle: ConnectionHandle, token: UInt32) {
        let lane = listeners[Int(token)].lane
        guard openConnections(Int(token)) < listeners[Int(token)].rules.connectionsMax else {
            GaugeLane.count(lane.pointee.connectFailures)
            loop.close(handle)
            return
        }
        GaugeLane.count(lane.pointee.requests)
        lane.pointee.shift(by: 1, now: loop.now)
        prepare(handle, .client)
        writePeer(of: handle)
        let client = clients[handle.index]
        client.pointee = Client()
        client.pointee.handle = handle
        client.pointee.listener = Int32(token)
        if listeners[Int(token)].isPreceded {
            client.pointee.phase = .greeting
            loop.setDeadline(handle, loop.now + listeners[Int(token)].rules.handshakeTimeout)
        } else {
            beginClient(client)
        }
    }

    /// The connection carries the application's bytes from here on.
    mutating func beginClient(_ client: ClientPointer) {
        let token = Int(client.pointee.listener)
        if listeners[token].tcpService >= 0 {
            beginTCP(client, service: listeners[token].tcpService)
        } else if listeners[token].isPassthrough {
            beginHello(client)
        } else {
            client.pointee.phase = .idle
            loop.setDeadline(client.pointee.handle, loop.now + listeners[token].rules.idleTimeout)
        }
    }

    private func openConnections(_ token: Int) -> Int {
        var sum = 0
        var lane = listeners[token].firstLane
        for _ in 0..<workerCount {
            sum += lane.assumingMemoryBound(to: GaugeLane.self).pointee.inFlight
            lane += GaugeBlock.laneStride
        }
        return sum
    }

    /// Out of descriptors: the clients wait in the backlog until some are free again.
    mutating func acceptFailed(token: UInt32) {
        loop.pauseListening(token: token)
        listeners[Int(token)].isPaused = true
        loop.setDeadline(acceptTimer, loop.now + ProxyLimits.acceptPause)
    }

    mutating func resumeAccepting() {
        for token in listeners.indices where listeners[token].isPaused {
            listeners[token].isPaused = false
            loop.resumeListening(token: UInt32(token))
        }
    }

    private mutating func writePeer(of handle: ConnectionHandle) {
        let peer = loop.peerAddress(of: handle)
        let text = peers[handle.index]
        text.pointee = PeerText()
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
