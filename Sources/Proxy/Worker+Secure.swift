// What TLS means for sessions: the end of a handshake, requests that belong elsewhere, connections that are dressed anew.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// Gives a backend's connections what they wear from here on. Idle ones made otherwise are not used any more.
    mutating func dress(_ slot: Int32, _ dress: UpstreamDress?) {
        guard backends[slot].pointee.dress !== dress else { return }
        backends[slot].pointee.dress = dress
        drainPool(slot)
    }

    /// What had to be said before the first request was said.
    mutating func clientEstablished(_ client: ClientPointer) {
        guard client.pointee.phase == .greeting else { return }
        let facts = loop.facts(of: client.pointee.handle)
        if facts.isSecure {
            client.pointee.flags.insert(.isSecure)
            let lane = listeners[Int(client.pointee.listener)].lane
            GaugeLane.count(lane.pointee.handshakes)
            if facts.isResumed { GaugeLane.count(lane.pointee.handshakesResumed) }
        }
        if facts.isHeralded, !takeHeralded(client) { return closeClient(client) }
        beginClient(client)
    }

    /// The client gave up, or said something that no one understands, or said nothing for too long.
    mutating func failGreeting(_ client: ClientPointer) {
        let listener = Int(client.pointee.listener)
        if loop.facts(of: client.pointee.handle).lacksHeader {
            GaugeLane.count(listeners[listener].gate.lane(index).pointee.unheralded)
        } else {
            GaugeLane.count(listeners[listener].lane.pointee.handshakesFailed)
        }
        closeClient(client)
    }

    /// Answers a request that is not to be served on this connection; `true` when it was.
    mutating func isElsewhere(_ client: ClientPointer, _ host: UnsafeRawBufferPointer?) -> Bool {
        if client.pointee.flags.contains(.isSecure) {
            // RFC 9110 §7.4: a request must not be served over a connection that is not certified for its host, because
            // whoever chose the connection by its name (and showed a client certificate there, or not) would reach what
            // it was never meant for. §15.5.20 gives the status, on which clients try again on a connection of its own.
            // Hosts that no certificate names at all (tests, addresses) are let through: there is nowhere else for them.
            guard let host, loop.isMisdirected(client.pointee.handle, host: host) else { return false }
            respond(client, status: 421, .misdirected, mustClose: false)
            return true
        }
        // The same section: what is asked for as `https` must not be served over a connection that is not secured.
        if requestParser.isSchemeSecure {
            respond(client, status: 421, .misdirected, mustClose: false)
            return true
        }
        guard listeners[Int(client.pointee.listener)].rules.redirectToHTTPS != nil,
            !isChallenge(text(client, client.pointee.path))
        else { return false }
        // Without a host there is nowhere to send the client to.
        if client.pointee.host.count == 0 {
            respond(client, status: 404, .noRoute, mustClose: false)
        } else {
            // 308 keeps the method and the body (RFC 9110 §15.4.9), so that nothing but GET has to be told apart.
            respond(client, status: 308, .redirected, mustClose: false)
        }
        return true
    }

    /// Certificate authorities ask here over plain HTTP (RFC 8555 §8.3): such requests are routed as ever. Only in its
    /// normal form: `/.well-known/acme-challenge/../../admin` is something else.
    private func isChallenge(_ path: UnsafeRawBufferPointer) -> Bool {
        guard path.starts(with: Self.challengePath) else { return false }
        return withUnsafeTemporaryAllocation(byteCount: path.count, alignment: 1) { room in
            NormalPath.normalise(path, into: room) == path.count
        }
    }

    private static var challengePath: UnsafeRawBufferPointer {
        let path: StaticString = "/.well-known/acme-challenge/"
        return UnsafeRawBufferPointer(start: path.utf8Start, count: path.utf8CodeUnitCount)
    }

    /// The same target under HTTPS.
    mutating func writeLocation(_ client: ClientPointer, into writer: inout ByteWriter) {
        let port = listeners[Int(client.pointee.listener)].rules.redirectToHTTPS ?? 443
        let host = text(client, client.pointee.host)
        // The port behind the name, not a colon within the brackets of an address.
        let bracket = host.lastIndex(of: UInt8(ascii: "]")) ?? 0
        let name = host[..<(host[bracket...].firstIndex(of: UInt8(ascii: ":")) ?? host.count)]
        writer.append("\r\nLocation: https://")
        writer.append(UnsafeRawBufferPointer(rebasing: name))
        if port != 443 {
            writer.append(":")
            writer.append(decimal: UInt64(port))
        }
        let start = Int(client.pointee.path.start)
        let head = UnsafeRawBufferPointer(rebasing: client.pointee.kept.block[start..<Int(client.pointee.headLength)])
        let target = head[..<(head.firstIndex(of: UInt8(ascii: " ")) ?? 0)]
        if target.first != UInt8(ascii: "/") { writer.append("/") }
        if target.first == UInt8(ascii: "/") || target.first == UInt8(ascii: "?") {
            writer.append(UnsafeRawBufferPointer(rebasing: target))
        }
    }
}
