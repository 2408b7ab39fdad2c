// Bounds on connections, requests, rates, descriptors and memory: what happens at them, and that it ends with its cause.

import Glibc
import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct LimitTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let last = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    @Test func `a connection beyond the listener's bound waits until another leaves`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.connectionsMax = 2 }
        let clients = (0..<3).map { _ in plane.connect() }
        for client in clients[..<2] {
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
        }
        clients[2].write(Self.get)
        #expect(eventually { plane.listenerGauges.pausedFull == 1 })
        // Whatever the loop still had to do is done once it has answered another request.
        clients[1].write(Self.get)
        #expect(clients[1].readResponse().body == "ok")
        #expect(origin.requests.count == 3)
        #expect(plane.listenerGauges.open == 2)
        clients[0].close()
        #expect(clients[2].readResponse().body == "ok")
        #expect(plane.listenerGauges.open == 2)
        #expect(plane.listenerGauges.refused == 0)
        for client in clients { client.close() }
        #expect(plane.isQuiet)
    }

    @Test func `a full listener serves everybody in the end, whichever worker has them`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port], workers: 4) { _, listener in listener.connectionsMax = 1 }
        let clients = (0..<60).map { _ in plane.connect() }
        for client in clients { client.write(Self.last) }
        for client in clients { #expect(client.readResponse().body == "ok") }
        for client in clients { client.close() }
        #expect(plane.isQuiet)
        #expect(plane.get().body == "ok")
    }

    @Test func `who waits for a place and leaves takes none`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.connectionsMax = 1 }
        let first = plane.connect()
        first.write(Self.get)
        #expect(first.readResponse().body == "ok")
        let waiting = plane.connect()
        #expect(eventually { plane.listenerGauges.pausedFull == 1 })
        waiting.reset()
        first.close()
        #expect(plane.get().body == "ok")
        #expect(plane.isQuiet)
    }

    @Test func `a raised bound lets in who waits`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.connectionsMax = 1 }
        let first = plane.connect()
        first.write(Self.get)
        #expect(first.readResponse().body == "ok")
        let second = plane.connect()
        second.write(Self.get)
        #expect(eventually { plane.listenerGauges.pausedFull == 1 })
        plane.publish { $0.listeners[0].connectionsMax = 2 }
        #expect(second.readResponse().body == "ok")
        #expect(plane.listenerGauges.open == 2)
    }

    @Test func `TCP connections beyond the bound wait too`() throws {
        let origin = Origin { _, connection, _ in
            while case let bytes = connection.readSome(), !bytes.isEmpty { connection.write(bytes) }
        }
        let plane = try Plane([origin.port], isTCP: true) { _, listener in listener.connectionsMax = 1 }
        let clients = (0..<3).map { _ in plane.connect() }
        for client in clients { client.write("x") }
        for client in clients {
            #expect(client.read(1) == "x")
            #expect(plane.listenerGauges.open == 1)
            client.close()
        }
        #expect(plane.isQuiet)
    }

    @Test func `a TCP connection that is refused at once gives its place back`() throws {
        let origin = Origin { _, connection, _ in
            while case let bytes = connection.readSome(), !bytes.isEmpty { connection.write(bytes) }
        }
        let plane = try Plane([origin.port], isTCP: true, standing: .down) { service, listener in
            service.holdMax = 0
            listener.connectionsMax = 2
        }
        for _ in 0..<5 { #expect(plane.connect().readToEnd() == "") }
        #expect(plane.isQuiet)
        plane.setStanding(1, .ready)
        let client = plane.connect()
        client.write("x")
        #expect(client.read(1) == "x")
        #expect(plane.listenerGauges.open == 1)
    }

    @Test func `an address has no more connections than it may, and others are not hindered`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port], workers: 2) { _, listener in listener.connectionsPerAddressMax = 2 }
        let clients = (0..<2).map { _ in plane.connect() }
        for client in clients {
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
        }
        for _ in 0..<3 { #expect(plane.connect().readToEnd() == "") }
        #expect(plane.listenerGauges.refusedPerAddress == 3)
        let other = Socket(port: plane.port, from: "127.0.0.2")
        other.write(Self.get)
        #expect(other.readResponse().body == "ok")
        clients[0].close()
        #expect(eventually { plane.listenerGauges.open == 2 })
        #expect(plane.get().body == "ok")
        other.close()
        clients[1].close()
        #expect(plane.isQuiet)
    }

    @Test func `a connection carries as many requests as it may`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.requestsPerConnectionMax = 3 }
        let client = plane.connect()
        for number in 1...3 {
            client.write(Self.get)
            #expect(client.readResponse().head.field("Connection") == (number == 3 ? "close" : nil))
        }
        #expect(client.readToEnd() == "")
        #expect(client.ended)
    }

    @Test func `connections without the PROXY header that they must have are counted`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in
            listener.proxyFrom = [Network("127.0.0.0/8")!]
            listener.handshakeTimeout = .milliseconds(100)
        }
        plane.publish(dresses: Dresses(listeners: [Plane.listener: ListenerDress(readsProxyHeader: true)]))
        let bare = plane.connect()
        bare.write(Self.get)
        #expect(bare.readToEnd() == "")
        // This one says nothing at all.
        #expect(plane.connect().readToEnd() == "")
        #expect(plane.listenerGauges.refusedUnheralded == 2)
        #expect(plane.listenerGauges.handshakesFailed == 0)
        #expect(plane.isQuiet)
    }

    @Test func `from outside the trusted networks, a listener with PROXY headers takes nobody`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in
            listener.proxyFrom = [Network("10.0.0.0/8")!, Network("127.0.0.2")!]
        }
        let client = plane.connect()
        client.write("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + Self.get)
        #expect(client.readToEnd() == "")
        #expect(plane.listenerGauges.refusedUntrusted == 1)
        #expect(origin.connections == 0)
        #expect(plane.isQuiet)
    }

    @Test func `behind a PROXY header, connections count for the address that it names`() throws {
        let origin = Origin(answering: "ok")
        let dresses = Dresses(listeners: [Plane.listener: ListenerDress(readsProxyHeader: true)])
        let plane = try Plane([origin.port], dresses: dresses) { _, listener in
            listener.proxyFrom = [Network("127.0.0.0/8")!]
            listener.connectionsPerAddressMax = 1
        }
        func client(_ address: String) -> Socket {
            let client = plane.connect()
            client.write("PROXY TCP4 \(address) 10.0.0.1 1 2\r\n" + Self.get)
            return client
        }
        let first = client("192.0.2.1")
        #expect(first.readResponse().body == "ok")
        #expect(client("192.0.2.1").readToEnd() == "")
        let other = client("192.0.2.2")
        #expect(other.readResponse().body == "ok")
        #expect(origin.requests.last?.field("X-Forwarded-For") == "192.0.2.2")
        // The balancer's own health checks count for nobody.
        for _ in 0..<2 {
            let check = plane.connect()
            check.write("PROXY UNKNOWN\r\n" + Self.get)
            #expect(check.readResponse().body == "ok")
        }
        #expect(plane.listenerGauges.refusedPerAddress == 1)
        first.close()
        other.close()
        #expect(plane.isQuiet)
    }

    // MARK: Rates

    /// Sends a byte of a body at a time until the answer comes or `count` were sent.
    private static func trickle(_ plane: Plane, count: Int) -> Socket {
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n")
        var sent = 0
        while sent < count, !client.hasInput, client.write("x") { sent += 1 }
        return client
    }

    private static func uploadOrigin(_ count: Int) -> Origin {
        Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                guard connection.readBytes(count).count == count else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
    }

    @Test func `a body slower than it must be is answered 408`() throws {
        let origin = Self.uploadOrigin(1 << 30)
        let plane = try Plane([origin.port]) { _, listener in
            listener.bytesPerSecondMin = .gibibytes(1)
            listener.rateGrace = .milliseconds(20)
        }
        let client = Self.trickle(plane, count: 1 << 30)
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(response.head.field("X-Portico-Reason") == "client_too_slow")
        #expect(value("reason", plane.log(1)[0]) == "client_too_slow")
        client.close()
        #expect(plane.isQuiet)
    }

    @Test func `a slow body passes where any rate will do`() throws {
        let origin = Self.uploadOrigin(2000)
        let plane = try Plane([origin.port]) { _, listener in
            listener.bytesPerSecondMin = ByteCount(0)
            listener.rateGrace = .zero
        }
        #expect(Self.trickle(plane, count: 2000).readResponse().body == "ok")
    }

    @Test func `a response read more slowly than it must be is cut`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            let piece = [UInt8](repeating: 65, count: 1 << 20)
            for _ in 0..<96 where connection.write(piece) {}
        }
        let plane = try Plane([origin.port]) { _, listener in
            listener.bodyTimeout = .milliseconds(100)
            listener.bytesPerSecondMin = .gibibytes(4)
            listener.rateGrace = .milliseconds(20)
        }
        let client = plane.connect(receiveBuffer: 4096)
        client.write(Self.get)
        // Reads all the time, so that each look finds progress, and is too slow all the same.
        var count = 0
        while case let bytes = client.readSome(atMost: 512), !bytes.isEmpty, count < 100_000_000 {
            count += bytes.count
            poll(nil, 0, 1)
        }
        #expect(count < 100_000_000)
        #expect(value("reason", plane.log(1)[0]) == "client_too_slow")
        #expect(plane.isQuiet)
    }

    // MARK: Descriptors and memory

    @Test func `short of descriptors, accepting pauses, and goes on when some are free`() throws {
        let origin = Origin(answering: "ok")
        // A share of 32 descriptors: 28 for clients, the loop's own three among them.
        let plane = try Plane([origin.port], openFiles: 160)
        let clients = (0..<60).map { _ in plane.connect() }
        #expect(eventually { plane.listenerGauges.pausedShort >= 1 })
        #expect(plane.listenerGauges.open <= 28)
        clients[0].write(Self.get)
        #expect(clients[0].readResponse().body == "ok")
        for client in clients[..<40] { client.close() }
        for client in clients[40...] { client.write(Self.last) }
        for client in clients[40...] { #expect(client.readResponse().body == "ok") }
        for client in clients { client.close() }
        #expect(plane.isQuiet)
    }

    @Test func `requests wait for descriptors, and take none of those that belong to others`() throws {
        let gate = Gate()
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                if head.hasPrefix("GET /slow ") { gate.wait() }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        // A share of 32 descriptors, the loop's own three among them.
        let plane = try Plane([origin.port], openFiles: 160)
        let clients = (0..<20).map { _ in plane.connect() }
        for client in clients {
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
        }
        for client in clients { client.write("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n") }
        #expect(eventually { plane.serviceGauges.held >= 10 })
        #expect(origin.connections < 12)
        gate.open()
        for client in clients { #expect(client.readResponse().body == "ok") }
        for client in clients { client.close() }
        #expect(plane.isQuiet)
    }

    @Test func `with too much in buffers, new requests are answered 503 until it is less`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        // Two small blocks.
        plane.publish { $0.bufferBytesMax = ByteCount(8192) }
        let slow = (0..<2).map { _ in plane.connect() }
        for client in slow { client.write("GET / HTTP/1.1\r\n") }
        #expect(eventually { plane.get().head.field("X-Portico-Reason") == "out_of_memory" })
        #expect(eventually { plane.log(1).contains { value("reason", $0) == "out_of_memory" } })
        slow[0].close()
        #expect(eventually { plane.get().body == "ok" })
        slow[1].write("Host: h\r\n\r\n")
        #expect(slow[1].readResponse().body == "ok")
    }

    @Test func `the hold queue has as many places as it says, over all workers`() throws {
        let plane = try Plane([DeadPort().port], workers: 4, standing: .down) { service, _ in service.holdMax = 5 }
        let waiting = (0..<5).map { _ in plane.connect() }
        for client in waiting { client.write(Self.get) }
        #expect(eventually { plane.serviceGauges.held == 5 })
        for _ in 0..<4 { #expect(plane.get().head.field("X-Portico-Reason") == "hold_full") }
        waiting[0].close()
        #expect(eventually { plane.serviceGauges.held == 4 })
        let next = plane.connect()
        next.write(Self.get)
        #expect(eventually { plane.serviceGauges.held == 5 })
        next.close()
        for client in waiting { client.close() }
        #expect(plane.isQuiet)
    }
}
