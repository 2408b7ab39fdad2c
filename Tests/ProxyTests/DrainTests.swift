// Taking backends and the gateway itself out of service without losing a request.

import Kernel
import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct DrainTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    /// Answers when the gate opens.
    private static func waiting(for gate: Gate) -> Origin {
        Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                gate.wait()
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
            }
        }
    }

    @Test(arguments: [1, 2])
    func `a draining backend finishes what it has and gets nothing new`(workers: Int) throws {
        let gate = Gate()
        let draining = Self.waiting(for: gate)
        let other = Origin(answering: "new")
        let plane = try Plane([draining.port, other.port], workers: workers) { service, _ in
            service.backends[1].standing = .down
        }
        let client = plane.connect()
        client.write(Self.get)
        #expect(eventually { draining.requests.count == 1 })
        plane.publish { table in
            table.services[0].backends[0].standing = .draining
            table.services[0].backends[1].standing = .ready
        }
        #expect(plane.gauges(1).inFlight == 1)
        for _ in 0..<20 { #expect(plane.get().body == "new") }
        #expect(draining.requests.count == 1)
        gate.open()
        #expect(client.readResponse().body == "slow")
        #expect(eventually { plane.gauges(1).inFlight == 0 })
        // The proof holds: the revision is applied and the count is zero, so it stays zero.
        client.write(Self.get)
        #expect(client.readResponse().body == "new")
        #expect(plane.gauges(1).inFlight == 0)
        #expect(draining.requests.count == 1)
    }

    @Test func `idle connections to a draining backend are closed when the table is applied`() throws {
        let isClosed = Gate()
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            if connection.readToEnd() == "", connection.ended { isClosed.open() }
        }
        let plane = try Plane([origin.port]) { service, _ in service.timeouts.keepAlive = .seconds(3600) }
        #expect(plane.get().body == "ok")
        plane.setStanding(1, .draining)
        #expect(isClosed.wait())
    }

    @Test func `a backend that keeps its id and address keeps its pool and its counts`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let client = plane.connect()
        for round in 1..<5 {
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
            plane.publish { $0.services[0].backends[0].name = "renamed-\(round)" }
        }
        #expect(origin.connections == 1)
        #expect(plane.gauges(1).requestsTotal == 4)
        #expect(value("instance", plane.log(4)[3]) == "renamed-3")
    }

    @Test func `an older table is ignored`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        plane.publish { _ in }
        #expect(plane.gateway.appliedRevision == Revision(2))
        plane.gateway.publish(RoutingTable(revision: Revision(1), listeners: [], routes: [], services: []))
        #expect(plane.get().body == "ok")
        #expect(plane.gateway.appliedRevision == Revision(2))
    }

    @Test func `a backend in no table any more finishes its request`() throws {
        let gate = Gate()
        let origin = Self.waiting(for: gate)
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(eventually { origin.requests.count == 1 })
        plane.publish { $0.services[0].backends = [] }
        gate.open()
        #expect(client.readResponse().body == "slow")
        #expect(eventually { plane.gauges(1).inFlight == 0 })
        plane.publish { _ in }
        #expect(plane.gateway.gauges(of: BackendID(1)) == nil)
    }

    @Test func `a draining gateway closes idle clients, ends the others after their response, and accepts nobody`()
        throws
    {
        let gate = Gate()
        let origin = Self.waiting(for: gate)
        let plane = try Plane([origin.port])
        let idle = plane.connect()
        #expect(eventually { plane.gateway.openConnections == 1 })
        let busy = plane.connect()
        busy.write(Self.get)
        #expect(eventually { origin.requests.count == 1 })
        plane.gateway.beginDrain()
        #expect(idle.readToEnd() == "")
        #expect(plane.gateway.requestsInFlight == 1)
        gate.open()
        let response = busy.readResponse()
        #expect(response.body == "slow")
        #expect(response.head.field("Connection") == "close")
        #expect(busy.readToEnd() == "")
        busy.close()
        #expect(plane.isQuiet)
        // The listener is open still: who comes waits for the next server.
        let late = plane.connect()
        late.write(Self.get)
        #expect(plane.gateway.openConnections == 0)
    }

    @Test func `stop ends what is left and says so in the log`() throws {
        let origin = Self.waiting(for: Gate())
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write(Self.get)
        #expect(eventually { origin.requests.count == 1 })
        plane.gateway.stop()
        #expect(client.readToEnd() == "")
        #expect(value("reason", plane.log(1)[0]) == "shutdown")
        plane.gateway.stop()
    }

    @Test func `a listener comes and goes while the others serve on`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port])
        let kept = plane.connect()
        kept.write(Self.get)
        #expect(kept.readResponse().body == "ok")
        let more = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        guard case .tcp(_, let port) = more.bound else { return }
        let name = ListenerName("more")
        plane.publish(listening: [BoundListener(name: name, descriptors: more.descriptors, address: more.bound)]) {
            $0.listeners.append(ListenerRules(name: name, mode: .tcp(Plane.service)))
        }
        let tunnel = Socket(port: port)
        tunnel.write(Self.get)
        #expect(tunnel.readResponse().body == "ok")
        #expect(plane.gateway.listenerGauges(name)?.open == 1)
        plane.publish(listening: []) { $0.listeners.removeLast() }
        // Who is there stays; who comes waits.
        tunnel.write(Self.get)
        #expect(tunnel.readResponse().body == "ok")
        let late = Socket(port: port)
        kept.write(Self.get)
        #expect(kept.readResponse().body == "ok")
        #expect(plane.gateway.listenerGauges(name)?.open == 1)
        late.close()
        // Others come in its place, before and after its last client left: each client counts where it came from.
        for round in 0..<4 {
            if round == 2 {
                tunnel.close()
                #expect(eventually { plane.gateway.openConnections == 1 })
            }
            let next = ListenerName("next\(round)")
            let sockets = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
            guard case .tcp(_, let nextPort) = sockets.bound else { fatalError() }
            plane.publish(
                listening: [BoundListener(name: next, descriptors: sockets.descriptors, address: sockets.bound)]
            ) { $0.listeners.append(ListenerRules(name: next, mode: .http)) }
            let client = Socket(port: nextPort)
            client.write(Self.get)
            #expect(client.readResponse().body == "ok")
            #expect(plane.gateway.listenerGauges(next)?.open == 1)
            #expect(plane.gateway.openConnections == (round < 2 ? 3 : 2))
            client.close()
            #expect(eventually { plane.gateway.listenerGauges(next)?.open == 0 })
            plane.publish(listening: []) { $0.listeners.removeLast() }
        }
        kept.close()
        #expect(plane.isQuiet)
    }

    // MARK: What is not finished when the time is up

    @Test func `a response that only the connection's end would end is cut by a reset`() throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\n\r\npart")
            _ = connection.readToEnd()
        }
        let plane = try Plane([origin.port])
        let client = plane.connect()
        client.write("GET / HTTP/1.0\r\n\r\n")
        #expect(client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(client.read(4) == "part")
        plane.gateway.stop()
        #expect(client.readToEnd() == "")
        #expect(client.wasReset)
        #expect(value("reason", plane.log(1)[0]) == "shutdown")
    }

    @Test func `so is one that has left the backend and not reached the client`() throws {
        let count = 16 << 20
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            connection.write([UInt8](repeating: 65, count: count))
        }
        let plane = try Plane([origin.port])
        let client = plane.connect(receiveBuffer: 4096)
        client.write("GET / HTTP/1.0\r\n\r\n")
        _ = client.readHead()
        plane.gateway.stop()
        #expect(client.readToEnd().utf8.count < count)
        #expect(client.wasReset)
    }

    @Test func `both ends of a tunnel are told by a reset`() throws {
        let isReset = Gate()
        let origin = Origin { _, connection, _ in
            connection.write(connection.read(4))
            if connection.readToEnd() == "", connection.wasReset { isReset.open() }
        }
        let plane = try Plane([origin.port], isTCP: true)
        let client = plane.connect()
        client.write("half")
        #expect(client.read(4) == "half")
        plane.gateway.stop()
        #expect(client.readToEnd() == "")
        #expect(client.wasReset)
        #expect(isReset.wait())
    }
}
