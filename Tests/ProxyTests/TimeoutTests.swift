// Every wait has an end, and the end says who was late.

import Glibc
import Kernel
import Proxy
import Routing
import Synchronization
import Testing
import Vocabulary

@Suite struct TimeoutTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let short = Duration.milliseconds(60)

    /// Reads a request and says nothing more than `part`.
    private static func silent(after part: String = "") -> Origin {
        Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write(part)
            _ = connection.readToEnd()
        }
    }

    @Test func `a backend that does not answer is answered 504, and not asked again`() throws {
        let origin = Self.silent()
        let plane = try Plane([origin.port]) { service, _ in service.timeouts.response = Self.short }
        let response = plane.get()
        #expect(response.head.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(response.head.field("X-Portico-Reason") == "response_timeout")
        #expect(origin.requests.count == 1)
        #expect(plane.gauges(1).upstreamFailures == 1)
    }

    @Test func `a response that stalls is cut`() throws {
        let origin = Self.silent(after: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        let plane = try Plane([origin.port]) { service, _ in service.timeouts.idle = Self.short }
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readToEnd().hasSuffix("abc"))
        #expect(value("reason", plane.log(1)[0]) == "response_timeout")
    }

    @Test func `a head that does not end is answered 408`() throws {
        let plane = try Plane([DeadPort().port]) { _, listener in listener.headerTimeout = Self.short }
        let client = plane.connect()
        client.write("GET / HTTP/1.1\r\nHost:")
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(response.head.field("X-Portico-Reason") == "client_timeout")
        #expect(client.readToEnd() == "")
    }

    @Test func `a body that stalls is answered 408 and ends the work upstream`() throws {
        let ended = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            _ = connection.readToEnd()
            ended.open()
        }
        let plane = try Plane([origin.port]) { _, listener in listener.bodyTimeout = Self.short }
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 408"))
        #expect(ended.wait())
        #expect(value("reason", plane.log(1)[0]) == "client_timeout")
    }

    @Test func `an idle client connection is closed without a word`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.idleTimeout = Self.short }
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        #expect(client.readToEnd() == "")
        #expect(plane.log(1).count == 1)
        #expect(plane.connect().readToEnd() == "")
    }

    @Test func `an idle upstream connection is closed after its keep-alive`() throws {
        let ended = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = connection.readToEnd()
            ended.open()
        }
        let plane = try Plane([origin.port]) { service, _ in service.timeouts.keepAlive = Self.short }
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        #expect(ended.wait())
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        #expect(origin.connections == 2)
    }

    @Test func `a tunnel without traffic is closed`() throws {
        let origin = Origin { _, connection, _ in _ = connection.readToEnd() }
        let plane = try Plane([origin.port], isTCP: true) { _, listener in listener.tcpIdleTimeout = Self.short }
        #expect(plane.connect().readToEnd() == "")
        #expect(plane.isQuiet)
    }

    @Test func `a client that stops reading slows its backend down, and is dropped when its time is over`() throws {
        let written = Atomic<Int>(0)
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            let piece = [UInt8](repeating: 65, count: 1 << 20)
            for _ in 0..<96 where connection.write(piece) { written.wrappingAdd(1, ordering: .relaxed) }
        }
        let plane = try Plane([origin.port]) { _, listener in listener.bodyTimeout = .milliseconds(300) }
        let client = plane.connect(receiveBuffer: 4096)
        client.write(Self.get)
        #expect(value("reason", plane.log(1)[0]) == "client_timeout")
        #expect(plane.isQuiet)
        // What the sockets in between hold, and no more.
        #expect(written.load(ordering: .relaxed) < 48)
    }

    @Test func `a backend that takes no connection is passed over when the time is up`() throws {
        // A full backlog: the system drops what comes, so connecting hangs.
        let full = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        listen(full.descriptors[0], 0)
        guard case .tcp(_, let port) = full.bound else { return }
        let fillers = (0..<2).map { _ in Background.connecting(to: port) }
        let origin = Origin(answering: "ok")
        let plane = try Plane([port, origin.port]) { service, _ in service.timeouts.connect = Self.short }
        for _ in 0..<2 { #expect(plane.get().body == "ok") }
        #expect(plane.gauges(1).connectFailures == 1)
        for filler in fillers { close(filler) }
    }

    @Test func `a body that waited for a connection goes to the next backend over a pooled one`() throws {
        let full = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        listen(full.descriptors[0], 0)
        guard case .tcp(_, let port) = full.bound else { return }
        let fillers = (0..<2).map { _ in Background.connecting(to: port) }
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                // Answers only once it has the body.
                if head.hasPrefix("PUT"), connection.read(4) != "body" { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let plane = try Plane([origin.port]) { service, _ in service.timeouts.connect = Self.short }
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        // Now a connection is pooled, and one of the next two turns meets the full one first.
        plane.publish { $0.services[0].backends.append(Plane.backend(2, port: port)) }
        for _ in 0..<2 {
            client.write("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
            #expect(client.readResponse().body == "ok")
        }
        #expect(plane.gauges(2).connectFailures == 1)
        for filler in fillers { close(filler) }
    }
}
