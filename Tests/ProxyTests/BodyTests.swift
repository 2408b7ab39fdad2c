// Bodies in every framing, both ways, byte-exact, and with slow receivers.

import Proxy
import Routing
import Synchronization
import Testing
import Vocabulary

@Suite struct BodyTests {
    private static func bytes(_ count: Int) -> [UInt8] {
        var random = SeededRandom(seed: 1)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Answers with what it got, framed by its length.
    private static func echo() -> Origin {
        Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                var body: [UInt8] = []
                if let length = head.field("Content-Length") {
                    body = connection.readBytes(Int(length)!)
                } else if head.field("Transfer-Encoding") == "chunked" {
                    while case let size = connection.read(through: "\r\n").chunkSize ?? 0, size > 0 {
                        body += connection.readBytes(size)
                        _ = connection.read(2)
                    }
                    _ = connection.read(2)
                }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.write(body)
            }
        }
    }

    @Test func `a body of 1 MiB goes up and down unchanged, framed by its length`() throws {
        let origin = Self.echo()
        let plane = try Plane([origin.port])
        let body = Self.bytes(1 << 20)
        let client = plane.connect()
        for _ in 0..<2 {
            client.write("PUT /big HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.count)\r\n\r\n")
            client.write(body)
            #expect(client.readHead().field("Content-Length") == "1048576")
            #expect(client.readBytes(body.count) == body)
        }
        #expect(origin.connections == 1)
        let line = plane.log(2)[1]
        #expect(value("bytes_in", line) == "1048576")
        #expect(value("bytes_out", line) == "1048576")
    }

    @Test func `a slow reader gets 3 MiB whole`() throws {
        let body = Self.bytes(3 << 20)
        let written = Gate()
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.write(body)
                written.open()
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect(receiveBuffer: 4096)
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readHead().field("Content-Length") == "\(body.count)")
        var got: [UInt8] = []
        while got.count < body.count, case let piece = client.readBytes(min(100_000, body.count - got.count)),
            !piece.isEmpty
        {
            got += piece
        }
        #expect(got == body)
        #expect(written.wait())
    }

    @Test func `a chunked request is chunked anew, without extensions and with its trailers`() throws {
        let raw = Gate()
        let seen = Mutex("")
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            let body = connection.read(through: "\r\n\r\n")
            seen.withLock { $0 = body }
            raw.open()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.write("5;name=value\r\nhello\r\n")
        client.write("6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n")
        #expect(client.readResponse().body == "ok")
        raw.wait()
        let text = seen.withLock { $0 }
        #expect(!text.contains("name=value"))
        let end = "0\r\nX-Trailer: 1\r\n\r\n"
        #expect(["b\r\nhello world\r\n\(end)", "5\r\nhello\r\n6\r\n world\r\n\(end)"].contains(text))
        #expect(origin.requests[0].field("Transfer-Encoding") == "chunked")
        #expect(origin.requests[0].field("Content-Length") == nil)
    }

    @Test func `a chunked request cut anywhere arrives whole`() throws {
        let origin = Self.echo()
        let plane = try Plane([origin.port])
        let client = plane.connect()
        let request =
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"
        for byte in Array((request + request).utf8) { client.write([byte]) }
        #expect(client.readResponse().body == "abc0123456789")
        #expect(client.readResponse().body == "abc0123456789")
    }

    @Test func `many tiny chunks become few`() throws {
        let origin = Self.echo()
        let plane = try Plane([origin.port])
        let client = plane.connect()
        let chunks = String(repeating: "1\r\nx\r\n", count: 10_000)
        client.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
        #expect(client.readResponse().body == String(repeating: "x", count: 10_000))
    }

    @Test func `a chunked response of 1 MiB arrives unchanged`() throws {
        let body = Self.bytes(1 << 20)
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                var offset = 0
                while offset < body.count {
                    let size = min(40_000 + offset % 977, body.count - offset)
                    connection.write(String(size, radix: 16) + "\r\n")
                    connection.write(Array(body[offset..<offset + size]) + [13, 10])
                    offset += size
                }
                connection.write("0\r\n\r\n")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<2 {
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readHead().field("Transfer-Encoding") == "chunked")
            var got: [UInt8] = []
            while case let size = client.read(through: "\r\n").chunkSize ?? -1, size > 0 {
                got += client.readBytes(size)
                _ = client.read(2)
            }
            _ = client.read(2)
            #expect(got == body)
        }
        #expect(origin.connections == 1)
    }

    @Test func `an HTTP 1.0 client gets a chunked response plain, ended by close`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let text = client.readToEnd()
        #expect(text.hasSuffix("\r\n\r\nabcde"))
        #expect(text.field("Transfer-Encoding") == nil)
        #expect(client.ended)
    }

    @Test func `a response that ends by close is chunked for the client, whose connection stays`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\n\r\nuntil the end")
            connection.close()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<2 {
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readResponse().body == "until the end")
        }
        #expect(plane.gauges(1).upstreamFailures == 0)
    }

    @Test(arguments: [
        ("HEAD", "200 OK\r\nContent-Length: 5"), ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content"), ("GET", "304 Not Modified\r\nContent-Length: 99"),
    ])
    func `responses without a body keep both connections`(method: String, answer: String) throws {
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil { connection.write("HTTP/1.1 \(answer)\r\n\r\n") }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<3 {
            client.write("\(method) / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readHead().hasPrefix("HTTP/1.1 " + answer.prefix(3)))
        }
        #expect(origin.connections == 1)
        #expect(origin.requests.count == 3)
    }

    @Test func `100-continue goes from end to end before the body does`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 100 Continue\r\n\r\n")
            let body = connection.read(5)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\(body)")
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.readHead() == "HTTP/1.1 100 Continue\r\n\r\n")
        client.write("hello")
        #expect(client.readResponse().body == "hello")
        #expect(origin.requests[0].field("Expect") == "100-continue")
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readResponse().body == "again")
    }

    @Test func `an expectation that is refused ends the connection without the body`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 403"))
        #expect(response.head.field("Connection") == "close")
        #expect(response.body == "no")
        #expect(client.readToEnd() == "")
    }

    @Test func `interim responses are passed, also with the final one in the same bytes`() throws {
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write(
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readHead().hasPrefix("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"))
        #expect(client.readResponse().body == "ok")
        let old = plane.connect()
        old.write("GET / HTTP/1.0\r\n\r\n")
        #expect(old.readToEnd().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `an early response is whole although the rest of the upload goes nowhere`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoo big")
            connection.close()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n")
        client.write(Self.bytes(4_000_000))
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 413"))
        #expect(response.body == "too big")
        #expect(client.readToEnd() == "")
        #expect(client.ended)
    }

    @Test func `a body over the limit is refused, by its stated length or when it gets there`() throws {
        let origin = Self.echo()
        let plane = try Plane([origin.port]) { service, _ in service.bodyBytesMax = ByteCount(10) }
        let stated = plane.connect()
        stated.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890")
        let response = stated.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 413 "))
        #expect(response.head.field("X-Portico-Reason") == "body_too_large")
        #expect(stated.readToEnd() == "")
        #expect(origin.requests.isEmpty)
        let chunked = plane.connect()
        chunked.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n")
        chunked.write("6\r\n678901\r\n0\r\n\r\n")
        #expect(chunked.readResponse().head.field("X-Portico-Reason") == "body_too_large")
        #expect(plane.isQuietAfterClosing([stated, chunked]))
    }

    @Test func `a body that arrives before the backend is connected is not lost`() throws {
        let origin = Self.echo()
        let plane = try Plane([origin.port], standing: .down)
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n")
        let body = Self.bytes(300_000)
        let isSent = Gate()
        client.write(Array(body[..<100_000]))
        #expect(eventually { plane.serviceGauges.held == 1 })
        plane.setStanding(1, .ready)
        client.write(Array(body[100_000...]))
        isSent.open()
        #expect(client.readHead().field("Content-Length") == "300000")
        #expect(client.readBytes(300_000) == body)
    }
}

extension Plane {
    func isQuietAfterClosing(_ clients: [Socket]) -> Bool {
        for client in clients { client.close() }
        return isQuiet
    }
}
