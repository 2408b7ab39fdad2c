// Connections on both sides: kept, pipelined, closed when they have to be.

import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct ConnectionTests {
    @Test func `one client connection and one upstream connection carry many requests`() throws {
        let origin = Origin(answering: "hello")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for index in 0..<20 {
            client.write("GET /\(index) HTTP/1.1\r\nHost: h\r\n\r\n")
            let response = client.readResponse()
            #expect(response.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(response.body == "hello")
        }
        #expect(origin.connections == 1)
        #expect(origin.requests.count == 20)
        #expect(origin.requests[7].hasPrefix("GET /7 HTTP/1.1\r\nHost: h\r\n"))
    }

    @Test func `pipelined requests are answered in order, one at a time`() throws {
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                let path = head.split(separator: " ")[1]
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(path.count)\r\n\r\n\(path)")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        let requests = (0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
        client.write(requests + "POST /last HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
        for index in 0..<50 { #expect(client.readResponse().body == "/\(index)") }
        let last = client.readResponse()
        #expect(last.body == "/last")
        #expect(last.head.field("Connection") == "close")
        #expect(client.readToEnd() == "")
        #expect(client.ended)
    }

    @Test func `a head may come byte by byte`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for byte in Array("GET /slow HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n".utf8) { client.write([byte]) }
        #expect(client.readResponse().body == "ok")
        #expect(origin.requests[0].field("X-A") == "b")
    }

    @Test func `an HTTP 1.0 client gets its connection closed, or kept when it asks`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let closing = plane.connect()
        closing.write("GET / HTTP/1.0\r\n\r\n")
        #expect(closing.readToEnd().hasSuffix("\r\n\r\nok"))
        let keeping = plane.connect()
        for _ in 0..<2 {
            keeping.write("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
            let response = keeping.readResponse()
            #expect(response.head.field("Connection") == "keep-alive")
            #expect(response.body == "ok")
        }
    }

    @Test func `an upstream connection that says close is not used again`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            connection.close()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<3 {
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let response = client.readResponse()
            #expect(response.body == "ok")
            #expect(response.head.field("Connection") == nil)
        }
        #expect(origin.connections == 3)
    }

    @Test func `bytes behind a response close the upstream connection`() throws {
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            }
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for _ in 0..<3 {
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readResponse().body == "ok")
        }
        #expect(origin.connections == 3)
    }

    @Test func `hop-by-hop fields go and forwarded fields come`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(
            "GET /a?b=c HTTP/1.1\r\nHost: Shop.example\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n"
                + "X-Forwarded-For: 6.6.6.6\r\nX-Request-Id: abc-1\r\nAccept: */*\r\n\r\n")
        let response = client.readResponse()
        #expect(response.head.field("X-Request-Id") == "abc-1")
        let head = origin.requests[0]
        #expect(head.hasPrefix("GET /a?b=c HTTP/1.1\r\nHost: Shop.example\r\n"))
        #expect(head.field("X-Secret") == nil)
        #expect(head.field("Keep-Alive") == nil)
        #expect(head.field("X-Forwarded-For") == "127.0.0.1")
        #expect(head.field("X-Real-IP") == "127.0.0.1")
        #expect(head.field("X-Forwarded-Proto") == "http")
        #expect(head.field("X-Forwarded-Host") == "Shop.example")
        #expect(head.field("X-Request-Id") == "abc-1")
        #expect(head.field("Accept") == "*/*")
    }

    @Test func `a request without an id gets one, the same on both sides and in the log`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let id = plane.get("/x").head.field("X-Request-Id")
        #expect(id?.count == 32)
        #expect(origin.requests[0].field("X-Request-Id") == id)
        #expect(value("id", plane.log(1)[0]) == id)
    }

    @Test func `a client that closes after its response leaves nothing behind`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        do {
            let client = plane.connect()
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.readResponse().body == "ok")
            #expect(plane.gateway.openConnections == 1)
        }
        #expect(plane.isQuiet)
        #expect(plane.gateway.listenerGauges(Plane.listener)?.accepted == 1)
    }
}
