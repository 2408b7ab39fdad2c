// Backends that speak HTTP/2, over real sockets.

import Proxy
import Routing
import Synchronization
import TestFrames
import Testing
import Vocabulary

@Suite struct LinkTests {
    private static let dress = UpstreamDress(isH2: true)

    private static func plane(_ ports: [UInt16]) throws -> Plane {
        let backends = Dictionary(uniqueKeysWithValues: ports.indices.map { (BackendID(UInt32($0 + 1)), dress) })
        return try Plane(
            ports,
            dresses: Dresses(listeners: [Plane.listener: ListenerDress(h2c: true)], backends: backends))
    }

    @Test func `requests share a connection`() throws {
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            while let request = server.request() {
                server.answer(request.stream, request.fields.first { $0.hasPrefix(":path") } ?? "", [("x", "y")])
            }
        }
        let plane = try Self.plane([origin.port])
        for number in 0..<5 {
            let response = plane.get("/\(number)")
            #expect(response.body == ":path: /\(number)")
            #expect(response.head.field("x") == "y")
        }
        let client = FrameClient(plane)
        for number in 0..<20 { client.send(.get(UInt32(2 * number + 1), "/\(number)")) }
        let responses = client.responses(20)
        #expect((0..<20).allSatisfy { responses[UInt32(2 * $0 + 1)]?.text == ":path: /\($0)" })
        #expect(origin.connections == 1)
    }

    @Test func `bodies and trailers go there and back`() throws {
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            var body: [UInt8] = []
            while let frame = server.next() {
                if frame.type == Frame.data { body += frame.payload }
                guard frame.endsStream else { continue }
                server.send(
                    .request(
                        frame.stream,
                        [
                            (":status", "200"), ("content-type", "application/grpc"),
                            ("content-length", "\(body.count)"),
                        ], isLast: false),
                    .data(frame.stream, body), .request(frame.stream, [("grpc-status", "0"), ("grpc-message", "ok")]))
                body = []
            }
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.post(1, [("te", "trailers"), ("content-type", "application/grpc")]))
        client.send(.data(1, "mess"), .data(1, "age", isLast: true))
        let response = client.responses(1)[1]
        #expect(response?.text == "message")
        #expect(response?.heads.first?.contains("content-type: application/grpc") == true)
        #expect(response?.heads.last == ["grpc-status: 0", "grpc-message: ok"])
    }

    @Test func `what a leaving backend has not seen goes elsewhere, whatever its method`() throws {
        let leaving = Origin { _, connection, _ in
            let server = FrameServer(connection)
            guard server.request() != nil else { return }
            server.send(Frame(type: Frame.goAway, payload: Frame.four(0) + Frame.four(0)))
            _ = connection.readToEnd()
        }
        let staying = Origin { _, connection, _ in
            let server = FrameServer(connection)
            while let request = server.request() { server.answer(request.stream, "done") }
        }
        let plane = try Self.plane([leaving.port, staying.port])
        for _ in 0..<2 {
            let client = plane.connect()
            client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
            let response = client.readResponse()
            #expect(response.head.hasPrefix("HTTP/1.1 200"))
            #expect(response.body == "done")
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `what its only backend has not seen goes there again`(_ method: String) throws {
        let origin = Origin { _, connection, number in
            let server = FrameServer(connection)
            var streams: [UInt32] = []
            while let request = server.request() {
                streams.append(request.stream)
                guard number == 0 else {
                    server.answer(request.stream, "again")
                    continue
                }
                guard streams.count == 2 else { continue }
                // The first was seen, the second was not.
                server.send(Frame(type: Frame.goAway, payload: Frame.four(streams[0]) + Frame.four(0)))
                server.answer(streams[0], "first")
            }
        }
        let plane = try Self.plane([origin.port])
        let clients = (0..<2).map { _ in plane.connect() }
        for client in clients { client.write("\(method) / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody") }
        #expect(Set(clients.map { $0.readResponse().body }) == ["first", "again"])
        #expect(origin.connections == 2)
    }

    /// A refusal says that the request was not looked at (7; RFC 9113 §8.7); any other reset says nothing of that.
    @Test(arguments: [(7, 3), (2, 1)])
    func `only a refused stream is tried again, as often as the rules say`(_ error: UInt32, _ attempts: Int) throws {
        let count = Mutex(0)
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            while let request = server.request() {
                count.withLock { $0 += 1 }
                server.send(.reset(request.stream, error))
            }
        }
        let plane = try Self.plane([origin.port])
        plane.publish { $0.services[0].retriesMax = 2 }
        let client = plane.connect()
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
        let response = client.readResponse()
        #expect(response.head.hasPrefix("HTTP/1.1 502"))
        #expect(response.head.field("X-Portico-Reason") == "upstream_reset")
        #expect(count.withLock { $0 } == attempts)
    }

    @Test func `more streams than the backend takes get a connection more`() throws {
        let open = Gate()
        let origin = Origin { origin, connection, number in
            let server = FrameServer(connection, settings: [(3, 2)])
            var streams: [UInt32] = []
            while let request = server.request() {
                streams.append(request.stream)
                if request.fields.contains(":path: /0") || open.wait() {
                    for stream in streams { server.answer(stream, "\(number)") }
                    streams = []
                }
            }
        }
        let plane = try Self.plane([origin.port])
        #expect(plane.get("/0").body == "0")
        let client = FrameClient(plane)
        client.send(.get(1, "/1"), .get(3, "/2"), .get(5, "/3"))
        #expect(eventually { origin.connections == 2 })
        open.open()
        #expect(client.responses(3).count == 3)
    }

    @Test func `a backend that is not there or dies is one that failed`() throws {
        let dead = DeadPort()
        let plane = try Self.plane([dead.port])
        plane.publish { $0.services[0].holdMax = 0 }
        #expect(plane.get().head.hasPrefix("HTTP/1.1 502"))
        let dying = Origin { _, connection, _ in
            let server = FrameServer(connection)
            guard let request = server.request() else { return }
            server.send(
                .request(request.stream, [(":status", "200"), ("content-length", "9")], isLast: false),
                .data(request.stream, "half"))
            connection.close()
        }
        let other = try Self.plane([dying.port])
        let client = other.connect()
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.readToEnd().hasSuffix("half"))
        #expect(other.log(1).allSatisfy { value("reason", $0) == "upstream_reset" })
    }

    @Test func `a client that leaves cancels its stream`() throws {
        let (arrived, cancelled) = (Gate(), Gate())
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            guard server.request() != nil else { return }
            arrived.open()
            while let frame = server.next() {
                if frame.type == Frame.reset, frame.error == 8 { return cancelled.open() }
            }
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.get(1))
        #expect(arrived.wait())
        client.socket.close()
        #expect(cancelled.wait())
        #expect(plane.isQuiet)
    }
}
