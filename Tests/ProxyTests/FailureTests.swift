// What goes wrong upstream or downstream, and what the other side sees of it.

import Proxy
import Routing
import Synchronization
import Testing
import Vocabulary

@Suite struct FailureTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"

    /// Sends a part of a response and breaks off.
    private static func breakingOff(_ part: String, byReset: Bool = false) -> Origin {
        Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write(part)
            if byReset { connection.reset() } else { connection.close() }
        }
    }

    @Test func `a response short of its length ends the client's connection short`() throws {
        let origin = Self.breakingOff("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readToEnd().hasSuffix("\r\n\r\nabc"))
        #expect(value("reason", plane.log(1)[0]) == "upstream_closed_early")
        #expect(plane.gauges(1).upstreamFailures == 1)
        #expect(plane.isQuiet)
    }

    @Test func `a chunked response without its end ends without the last chunk`() throws {
        let origin = Self.breakingOff("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        let text = client.readToEnd()
        #expect(text.hasSuffix("abcde\r\n"))
        #expect(!text.contains("0\r\n\r\n"))
        #expect(value("reason", plane.log(1)[0]) == "upstream_closed_early")
    }

    @Test func `a long response that breaks off is passed on as far as it came`() throws {
        let part = String(repeating: "0123456789", count: 200_000)
        let origin = Self.breakingOff("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + part)
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readHead().field("Content-Length") == "3000000")
        #expect(client.readToEnd() == part)
        let line = plane.log(1)[0]
        #expect(value("reason", line) == "upstream_closed_early")
        #expect(value("bytes_out", line) == "2000000")
        #expect(plane.isQuiet)
    }

    @Test func `a backend that answers in the middle of a long body is heard`() throws {
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            _ = connection.readBytes(1 << 20)
            connection.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        let writer = try Background {
            client.write("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n")
            client.write([UInt8](repeating: 7, count: 4_000_000))
        }
        #expect(client.readHead().hasPrefix("HTTP/1.1 413"))
        #expect(client.readToEnd() == "")
        writer.join()
        client.close()
        #expect(plane.isQuiet)
    }

    @Test func `where only the close would tell the end, a broken response is reset`() throws {
        let origin = Self.breakingOff("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("GET / HTTP/1.0\r\n\r\n")
        _ = client.readToEnd()
        #expect(client.wasReset)
    }

    @Test(arguments: ["", "HTTP/1.1 200 O"], [post, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"])
    func `a connection that ends before a response head is answered 502 for a POST`(
        part: String, request: String
    ) throws {
        let origin = Self.breakingOff(part)
        let other = Self.breakingOff(part)
        let plane = try Plane([origin.port, other.port])
        let client = plane.connect()
        client.write(request)
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        // With a body that it has not read, the origin's close is a reset.
        #expect(response.head.field("X-Portico-Reason")?.hasPrefix("upstream_") == true)
        #expect(origin.requests.count + other.requests.count == 1)
        // The client's connection goes on.
        client.write(request)
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 502"))
    }

    @Test func `a malformed response is answered 502`() throws {
        let origin = Self.breakingOff("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
        let plane = try Plane([origin.port])
        let response = plane.get()
        #expect(response.head.hasPrefix("HTTP/1.1 502"))
        #expect(response.head.field("X-Portico-Reason") == "upstream_malformed")
        #expect(plane.gauges(1).upstreamFailures == 1)
        #expect(plane.serviceGauges.responses5xx == 1)
    }

    @Test func `an idempotent request goes to another backend when the first dies before answering`() throws {
        let dying = Self.breakingOff("")
        let healthy = Origin(answering: "ok")
        let plane = try Plane([dying.port, healthy.port])
        let client = plane.connect()
        for _ in 0..<4 {
            client.write("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
            #expect(client.readResponse().body == "ok")
        }
        #expect(dying.requests.count >= 1)
        let lines = plane.log(4)
        #expect(lines.contains { value("tried", $0) == "[\"app-1\",\"app-2\"]" && value("attempts", $0) == "2" })
    }

    @Test func `a stale pooled connection costs a GET nothing but a new connection`() throws {
        // Each connection serves one request and closes when the next one is there.
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = origin.nextHead(connection)
            connection.reset()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<5 {
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
        }
        #expect(plane.gauges(1).upstreamFailures == 0)
        #expect(plane.gauges(1).inFlight == 0)
    }

    @Test func `a stale pooled connection never makes a POST happen twice`() throws {
        let executed = Atomic<Int>(0)
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                if head.hasPrefix("POST") {
                    _ = connection.read(2)
                    executed.wrappingAdd(1, ordering: .relaxed)
                    connection.reset()
                    return
                }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        client.write(Self.post)
        #expect(client.readResponse().head.hasPrefix("HTTP/1.1 502"))
        #expect(executed.load(ordering: .relaxed) == 1)
    }

    @Test func `a POST does not use a pooled connection that the backend has closed`() throws {
        let isClosed = Gate()
        let origin = Origin { origin, connection, number in
            _ = origin.nextHead(connection)
            if number > 0 { _ = connection.read(2) }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.close()
            isClosed.open()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readResponse().body == "ok")
        isClosed.wait()
        client.write(Self.post)
        #expect(client.readResponse().body == "ok")
        #expect(origin.requests.count == 2)
    }

    @Test func `a refused connection sends any request to another backend`() throws {
        let dead = DeadPort()
        let healthy = Origin(answering: "ok")
        let plane = try Plane([dead.port, healthy.port])
        let client = plane.connect()
        for _ in 0..<4 {
            client.write(Self.post)
            #expect(client.readResponse().body == "ok")
        }
        let gauges = plane.gauges(1)
        // Passed over for a second after the first refusal.
        #expect(gauges.connectFailures == 1)
        #expect(gauges.consecutiveConnectFailures == 1)
        #expect(gauges.inFlight == 0)
        #expect(gauges.requestsTotal == 0)
        #expect(plane.gauges(2).requestsTotal == 4)
    }

    @Test func `a client that leaves while it waits ends the work upstream`() throws {
        let upstreamEnded = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            _ = connection.readToEnd()
            upstreamEnded.open()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(eventually { plane.gauges(1).inFlight == 1 })
        client.close()
        #expect(upstreamEnded.wait())
        let line = plane.log(1)[0]
        #expect(value("reason", line) == "client_abort")
        #expect(value("status", line) == "0")
        #expect(plane.isQuiet)
        #expect(plane.gauges(1).inFlight == 0)
    }

    @Test func `a client that leaves in the middle of a response ends the work upstream`() throws {
        let upstreamEnded = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            let piece = [UInt8](repeating: 65, count: 65536)
            for _ in 0..<15000 { connection.write(piece) }
            upstreamEnded.open()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(client.readHead().hasPrefix("HTTP/1.1 200"))
        client.close()
        #expect(upstreamEnded.wait())
        #expect(value("reason", plane.log(1)[0]) == "client_abort")
        #expect(plane.isQuiet)
    }

    @Test func `a request for no route is answered 404 and the connection stays`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        plane.publish { $0.routes = [Route(path: "/app", service: Plane.service)] }
        let client = plane.connect()
        client.write("GET /other HTTP/1.1\r\nHost: h\r\n\r\n")
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(response.head.field("X-Portico-Reason") == "no_route")
        client.write("GET /app/x HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse().body == "ok")
        #expect(value("service", plane.log(2)[0]) == "null")
    }
}
