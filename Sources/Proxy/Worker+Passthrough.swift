// TLS that goes through unopened: the server name of its first message says which service it is for, and from there on
// it is a TCP connection like any other.

import EventLoop
import HTTPWire
import Routing
import TLS
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func beginHello(_ client: ClientPointer) {
        client.pointee.phase = .hello
        client.pointee.begun = loop.now
        loop.setDeadline(
            client.pointee.handle, loop.now + listeners[Int(client.pointee.listener)].rules.handshakeTimeout)
    }

    /// Reads the ClientHello as far as it came. The bytes stay with the caller: the backend gets them all.
    mutating func takeHello(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(byteCount: ClientHelloReader.nameBytesMax, alignment: 1) { name in
            switch ClientHelloReader.read(bytes, name: name) {
            case .incomplete: break
            case .malformed: failGreeting(client)
            case .complete(let count): route(client, UnsafeRawBufferPointer(rebasing: name[..<count]))
            }
        }
    }

    private mutating func route(_ client: ClientPointer, _ name: UnsafeRawBufferPointer) {
        keepName(client, name)
        let path: StaticString = "/"
        let match = passthroughMatcher?.match(
            host: name.isEmpty ? nil : name,
            path: UnsafeRawBufferPointer(start: path.utf8Start, count: path.utf8CodeUnitCount))
        if let match { return beginTCP(client, service: serviceNumbers[match]) }
        client.pointee.flags = [.isTCP, .hasRequest]
        client.pointee.chosen = loop.now
        client.pointee.method = .other
        client.pointee.reason = .noRoute
        // Said in the client's own words (RFC 6066 §3): a fatal alert, unrecognized_name.
        aim(client.pointee.handle)
        output.add("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{70}")
        flush()
        conclude(client)
        leave(client)
    }

    /// For the log.
    private mutating func keepName(_ client: ClientPointer, _ name: UnsafeRawBufferPointer) {
        guard !name.isEmpty else { return }
        client.pointee.kept.block = blocks.lend(name.count)
        client.pointee.kept.block.copyMemory(from: name)
        client.pointee.kept.end = name.count
        client.pointee.host = Span(start: 0, count: name.count)
    }
}
