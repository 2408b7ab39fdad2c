// Who gets which request, and that the counts are exact.

import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct BalanceTests {
    @Test(arguments: [1, 2, 4])
    func `round robin spreads exactly, up to one request per worker`(workers: Int) throws {
        let origins = (0..<3).map { _ in Origin(answering: "ok") }
        let plane = try Plane(origins.map(\.port), workers: workers)
        let clients = (0..<8).map { _ in plane.connect() }
        for round in 0..<25 {
            for client in clients {
                client.write("GET /\(round) HTTP/1.1\r\nHost: h\r\n\r\n")
            }
            for client in clients { #expect(client.readResponse().body == "ok") }
        }
        let counts = origins.map(\.requests.count)
        #expect(counts.reduce(0, +) == 200)
        #expect(counts.max()! - counts.min()! <= workers)
        for number in 1...3 {
            #expect(plane.gauges(number).requestsTotal == UInt64(counts[number - 1]))
            #expect(plane.gauges(number).inFlight == 0)
        }
        #expect(plane.serviceGauges.requestsTotal == 200)
        #expect(plane.serviceGauges.responses5xx == 0)
    }

    @Test func `the rotation begins anew when backends leave it`() throws {
        let origins = (0..<5).map { _ in Origin(answering: "ok") }
        let plane = try Plane(origins.map(\.port))
        for _ in 0..<7 { #expect(plane.get().body == "ok") }
        plane.setStanding(4, .draining)
        plane.setStanding(5, .draining)
        let before = origins.map(\.requests.count)
        for _ in 0..<9 { #expect(plane.get().body == "ok") }
        let after = origins.map(\.requests.count)
        #expect(zip(after, before).map(-) == [3, 3, 3, 0, 0])
    }

    @Test func `weights give shares`() throws {
        let origins = (0..<2).map { _ in Origin(answering: "ok") }
        let plane = try Plane(origins.map(\.port)) { service, _ in service.backends[0].weight = 3 }
        for _ in 0..<40 { #expect(plane.get().body == "ok") }
        #expect(origins.map(\.requests.count) == [30, 10])
    }

    @Test func `least connections avoids the busy one, over all workers`() throws {
        let gate = Gate()
        let busy = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                gate.wait()
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbusy")
            }
        }
        let free = Origin(answering: "free")
        let plane = try Plane([busy.port, free.port], workers: 2) { service, _ in
            service.balance = .leastConnections
            service.backends[1].standing = .down
        }
        let waiting = plane.connect()
        waiting.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { busy.requests.count == 1 })
        plane.setStanding(2, .ready)
        for _ in 0..<20 { #expect(plane.get().body == "free") }
        #expect(busy.requests.count == 1)
        gate.open()
        #expect(waiting.readResponse().body == "busy")
    }

    @Test func `the integral of requests in flight is exact while they last`() throws {
        let gate = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            gate.wait()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let plane = try Plane([origin.port])
        let clients = (0..<3).map { _ in plane.connect() }
        for client in clients { client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }
        #expect(eventually { plane.gauges(1).inFlight == 3 })
        let first = plane.gauges(1)
        let start = plane.now
        #expect(eventually { plane.now > start + .milliseconds(50) })
        let second = plane.gauges(1)
        let end = plane.now
        let grown = second.inFlightNanoseconds - first.inFlightNanoseconds
        #expect(grown >= 3 * 50_000_000)
        #expect(grown <= 3 * (end.nanoseconds - start.nanoseconds + 20_000_000))
        gate.open()
        for client in clients { #expect(client.readResponse().body == "ok") }
        #expect(eventually { plane.gauges(1).inFlight == 0 })
        let last = plane.gauges(1).inFlightNanoseconds
        #expect(plane.gauges(1).inFlightNanoseconds == last)
        #expect(plane.serviceGauges.inFlightNanoseconds >= last)
    }

    @Test func `responses of 500 and above are counted`() throws {
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                let status = head.hasPrefix("GET /bad") ? "500 Oops" : "404 Not Found"
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let plane = try Plane([origin.port])
        for _ in 0..<3 { #expect(plane.get("/bad").head.hasPrefix("HTTP/1.1 500 Oops")) }
        #expect(plane.get("/fine").head.hasPrefix("HTTP/1.1 404"))
        #expect(plane.gauges(1).responses5xx == 3)
        #expect(plane.serviceGauges.responses5xx == 3)
        #expect(plane.gauges(1).upstreamFailures == 0)
    }

    @Test func `the access log has one exact line per request`() throws {
        let origin = Origin(answering: "hello")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("PUT /a\"b?q=secret HTTP/1.1\r\nHost: h:1\r\nX-Request-Id: id-1\r\nContent-Length: 3\r\n\r\nabc")
        let response = client.readResponse()
        guard response.body == "hello" else {
            // The parser may refuse a quote in a path; then the log has to say so.
            #expect(value("reason", plane.log(1)[0])?.hasPrefix("malformed_request") == true)
            return
        }
        let line = plane.log(1)[0]
        #expect(line.hasPrefix("{\"time\":\"2"))
        #expect(line.contains("Z\",\"id\":\"id-1\",\"listener\":\"web\",\"service\":\"app\",\"instance\":\"app-1\","))
        #expect(line.contains("\"release\":\"v1\",\"client\":\"127.0.0.1:"))
        #expect(line.contains("\"method\":\"PUT\",\"path\":\"/a\\u0022b\",\"host\":\"h:1\",\"status\":200,"))
        #expect(line.contains("\"bytes_in\":3,\"bytes_out\":5,\"queue_us\":"))
        #expect(line.hasSuffix("\"attempts\":1,\"tried\":[\"app-1\"],\"reason\":null,\"revision\":1}"))
    }

    @Test func `the log goes on in a new file after it was rotated`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        #expect(plane.get("/1").body == "ok")
        #expect(plane.log(1).count == 1)
        plane.rotateLog()
        #expect(plane.get("/2").body == "ok")
        let lines = plane.log(1)
        #expect(lines.count == 1)
        #expect(value("path", lines[0]) == "/2")
    }
}
