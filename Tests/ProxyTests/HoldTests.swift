// Requests without a backend: held, released by a table, refused when it takes too long or too many wait.

import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct HoldTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `held requests go on as soon as a table makes a backend ready`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port], standing: .down)
        let clients = (0..<5).map { _ in plane.connect() }
        for client in clients { client.write(Self.get) }
        #expect(eventually { plane.serviceGauges.held == 5 })
        #expect(plane.serviceGauges.inFlight == 5)
        #expect(origin.connections == 0)
        plane.setStanding(1, .ready)
        for client in clients { #expect(client.readResponse().body == "ok") }
        #expect(plane.serviceGauges.held == 0)
    }

    @Test func `a request held too long is answered 503`() throws {
        let plane = try Plane([DeadPort().port], standing: .down) { service, _ in service.holdFor = .milliseconds(50) }
        let client = plane.connect()
        client.write(Self.get)
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(response.head.field("X-Portico-Reason") == "hold_timeout")
        #expect(response.head.field("Retry-After") == "1")
        client.close()
        #expect(plane.isQuiet)
    }

    @Test func `over the bound of the queue, requests are answered 503 at once`() throws {
        let plane = try Plane([DeadPort().port], standing: .down) { service, _ in service.holdMax = 2 }
        let waiting = (0..<2).map { _ in plane.connect() }
        for client in waiting { client.write(Self.get) }
        #expect(eventually { plane.serviceGauges.held == 2 })
        #expect(plane.get().head.field("X-Portico-Reason") == "hold_full")
        for client in waiting { client.close() }
        #expect(plane.isQuiet)
    }

    @Test func `without a queue there is nothing to wait for`() throws {
        let plane = try Plane([DeadPort().port], standing: .down) { service, _ in service.holdMax = 0 }
        #expect(plane.get().head.field("X-Portico-Reason") == "no_backend_ready")
    }

    @Test func `a held client that leaves is forgotten`() throws {
        let plane = try Plane([DeadPort().port], standing: .down)
        let first = plane.connect()
        first.write(Self.get)
        let second = plane.connect()
        second.write(Self.get)
        #expect(eventually { plane.serviceGauges.held == 2 })
        first.close()
        #expect(eventually { plane.serviceGauges.held == 1 })
        #expect(value("reason", plane.log(1)[0]) == "client_abort")
        second.close()
        #expect(plane.isQuiet)
    }

    @Test func `when every ready backend refuses, requests wait for one that does not`() throws {
        let dead = DeadPort()
        let origin = Origin(answering: "ok")
        let plane = try Plane([dead.port])
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
        #expect(eventually { plane.serviceGauges.held == 1 })
        plane.publish { $0.services[0].backends = [Plane.backend(2, port: origin.port)] }
        #expect(client.readResponse().body == "ok")
        #expect(plane.gauges(2).requestsTotal == 1)
    }

    @Test func `when every ready backend refuses for too long, the answer is 502`() throws {
        let dead = DeadPort()
        let plane = try Plane([dead.port]) { service, _ in service.holdFor = .milliseconds(50) }
        let response = plane.get()
        #expect(response.head.hasPrefix("HTTP/1.1 502"))
        #expect(response.head.field("X-Portico-Reason") == "connect_failed")
    }
}
