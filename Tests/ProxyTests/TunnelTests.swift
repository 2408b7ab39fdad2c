// Tunnels: upgrades of HTTP connections, and TCP mode.

import Proxy
import Routing
import Synchronization
import Testing
import Vocabulary

@Suite struct TunnelTests {
    private static let upgrade =
        "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"

    /// Sends back what comes, until the end; then its own end.
    private static func tcpEcho() -> Origin {
        Origin { _, connection, _ in
            while case let bytes = connection.readSome(), !bytes.isEmpty { connection.write(bytes) }
            connection.shutdownWriting()
        }
    }

    @Test func `after the backend's 101 bytes go both ways, and the request counts until the tunnel closes`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst")
            while case let text = connection.read(4), !text.isEmpty { connection.write(text.uppercased()) }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.upgrade)
        let head = client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(head.field("Upgrade") == "websocket")
        #expect(head.field("Connection")?.lowercased() == "upgrade")
        #expect(client.read(5) == "first")
        #expect(origin.requests[0].field("Upgrade") == "websocket")
        for word in ["ping", "pong"] {
            client.write(word)
            #expect(client.read(4) == word.uppercased())
        }
        #expect(plane.gauges(1).inFlight == 1)
        #expect(plane.gauges(1).tunnels == 1)
        #expect(plane.serviceGauges.inFlight == 1)
        client.close()
        #expect(plane.isQuiet)
        #expect(plane.gauges(1).inFlight == 0)
        #expect(plane.gauges(1).tunnels == 0)
        let line = plane.log(1)[0]
        #expect(value("status", line) == "101")
        #expect(value("bytes_in", line) == "8")
    }

    @Test func `without a 101 there is no tunnel, and what follows is the next request`() throws {
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.upgrade + "GET /admin HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse().body == "no")
        #expect(client.readResponse().body == "no")
        #expect(origin.requests[1].hasPrefix("GET /admin HTTP/1.1\r\n"))
        #expect(origin.requests[1].field("X-Forwarded-For") == "127.0.0.1")
    }

    @Test(arguments: [
        ("websocket", "WebSocket", true), ("a, echo/2", "echo/2", true), ("a, echo/2", "echo", true),
        ("websocket", "echo", false), ("echo/1", "echo/2", false), ("websocket", "websocket, tls/1.0", false),
    ])
    func `a 101 must switch to something that was offered`(_ offer: String, _ answer: String, _ isRight: Bool) throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 101 Switch\r\nConnection: Upgrade\r\nUpgrade: \(answer)\r\n\r\n")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: \(offer)\r\n\r\n")
        #expect(client.readHead().hasPrefix(isRight ? "HTTP/1.1 101" : "HTTP/1.1 502"))
    }

    @Test func `a 101 that nobody asked for is a malformed response`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        #expect(plane.get().head.field("X-Portico-Reason") == "upstream_malformed")
    }

    @Test func `TCP bytes go both ways, and each side's end is passed on by itself`() throws {
        let origin = Self.tcpEcho()
        let plane = try Plane([origin.port], isTCP: true)
        let client = plane.connect()
        client.write("hello")
        #expect(client.read(5) == "hello")
        #expect(plane.gauges(1).inFlight == 1)
        client.write("and bye")
        client.shutdownWriting()
        #expect(client.readToEnd() == "and bye")
        #expect(client.ended)
        let line = plane.log(1)[0]
        #expect(value("method", line) == "TCP")
        #expect(value("status", line) == "0")
        #expect(value("bytes_in", line) == "12")
        #expect(value("bytes_out", line) == "12")
        #expect(value("reason", line) == "null")
        #expect(plane.isQuiet)
    }

    @Test func `a TCP client may end its side before the backend is connected`() throws {
        let origin = Self.tcpEcho()
        let plane = try Plane([origin.port], isTCP: true, standing: .down)
        let client = plane.connect()
        client.write("early")
        client.shutdownWriting()
        #expect(eventually { plane.serviceGauges.held == 1 })
        plane.setStanding(1, .ready)
        #expect(client.readToEnd() == "early")
        #expect(plane.isQuiet)
    }

    @Test func `2 MiB cross a TCP tunnel unchanged while both sides are slow`() throws {
        let origin = Self.tcpEcho()
        let plane = try Plane([origin.port], isTCP: true)
        let client = plane.connect(receiveBuffer: 4096)
        var random = SeededRandom(seed: 3)
        let body = (0..<(2 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let isDone = Gate()
        let writer = try Background {
            client.write(body)
            client.shutdownWriting()
            isDone.open()
        }
        #expect(client.readBytes(body.count) == body)
        isDone.wait()
        writer.join()
        #expect(client.readToEnd() == "")
    }

    @Test func `a TCP connection goes to the next backend when one refuses`() throws {
        let dead = DeadPort()
        let origin = Self.tcpEcho()
        let plane = try Plane([dead.port, origin.port], isTCP: true)
        for _ in 0..<4 {
            let client = plane.connect()
            client.write("x")
            #expect(client.read(1) == "x")
        }
        #expect(plane.gauges(1).connectFailures == 1)
        #expect(plane.gauges(2).requestsTotal == 4)
    }

    @Test func `a reset on one side of a tunnel is a reset on the other`() throws {
        let isReset = Gate()
        let origin = Origin { _, connection, _ in
            _ = connection.readSome()
            connection.reset()
            isReset.open()
        }
        let plane = try Plane([origin.port], isTCP: true)
        let client = plane.connect()
        client.write("x")
        isReset.wait()
        _ = client.readToEnd()
        #expect(client.wasReset)
        #expect(value("reason", plane.log(1)[0]) == "upstream_reset")
    }

    @Test func `a reset of the client is a reset at the backend`() throws {
        let outcome = Atomic<Int>(0)
        let origin = Origin { _, connection, _ in
            _ = connection.readSome()
            connection.write("y")
            _ = connection.readToEnd()
            outcome.store(connection.wasReset ? 1 : 2, ordering: .relaxed)
        }
        let plane = try Plane([origin.port], isTCP: true)
        let client = plane.connect()
        client.write("x")
        #expect(client.read(1) == "y")
        client.reset()
        #expect(eventually { outcome.load(ordering: .relaxed) != 0 })
        #expect(outcome.load(ordering: .relaxed) == 1)
        #expect(value("reason", plane.log(1)[0]) == "client_abort")
        #expect(plane.isQuiet)
    }

    @Test func `a TCP connection without traffic is closed on both sides`() throws {
        let isEnded = Gate()
        let origin = Origin { _, connection, _ in
            _ = connection.readToEnd()
            isEnded.open()
        }
        let plane = try Plane([origin.port], isTCP: true) { _, listener in
            listener.tcpIdleTimeout = .milliseconds(100)
        }
        let client = plane.connect()
        client.write("x")
        #expect(client.readToEnd() == "")
        #expect(isEnded.wait())
        #expect(value("reason", plane.log(1)[0]) == "client_timeout")
    }

    @Test func `a TCP connection goes where the fewest are`() throws {
        let origins = (0..<3).map { _ in Self.tcpEcho() }
        let plane = try Plane(origins.map(\.port), workers: 2, isTCP: true) { service, _ in
            service.balance = .leastConnections
        }
        var clients: [Socket] = []
        for _ in 0..<9 {
            let client = plane.connect()
            client.write("x")
            #expect(client.read(1) == "x")
            clients.append(client)
        }
        #expect((1...3).map { plane.gauges($0).inFlight } == [3, 3, 3])
        for client in clients { client.close() }
        #expect(plane.isQuiet)
    }

    @Test(arguments: [ProxyHeaderVersion.v1, .v2])
    func `a backend that wants it is told the client's address first`(_ version: ProxyHeaderVersion) throws {
        let told = Mutex<[UInt8]>([])
        let size = version == .v1 ? 0 : 28
        let origin = Origin { _, connection, _ in
            let header = version == .v1 ? Array(connection.read(through: "\r\n").utf8) : connection.readBytes(size)
            told.withLock { $0 = header }
            connection.write(connection.read(5).uppercased())
        }
        let plane = try Plane([origin.port], isTCP: true) { service, _ in service.proxyHeader = version }
        let client = Socket(port: plane.port, from: "127.0.0.3")
        client.write("hello")
        #expect(client.read(5) == "HELLO")
        let ports = [client.localPort, plane.port]
        let expected =
            version == .v1
            ? Array("PROXY TCP4 127.0.0.3 127.0.0.1 \(ports[0]) \(ports[1])\r\n".utf8)
            : Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [0x21, 0x11, 0, 12, 127, 0, 0, 3, 127, 0, 0, 1]
                + ports.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        #expect(told.withLock { $0 } == expected)
    }

    @Test func `a client that says nothing is announced all the same`() throws {
        let origin = Origin { _, connection, _ in
            connection.write(connection.read(through: "\r\n").hasPrefix("PROXY TCP4 127.0.0.1 ") ? "hi" : "no")
        }
        let plane = try Plane([origin.port], isTCP: true) { service, _ in service.proxyHeader = .v1 }
        #expect(plane.connect().read(2) == "hi")
    }
}
