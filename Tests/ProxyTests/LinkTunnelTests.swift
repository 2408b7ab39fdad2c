// Upgrades to backends that speak HTTP/2: extended CONNECT (RFC 8441), and what becomes of it when it is refused.

import Proxy
import Routing
import Synchronization
import TestFrames
import Testing
import Vocabulary

@Suite struct LinkTunnelTests {
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL.
    private static let takesTunnels: [(UInt16, UInt32)] = [(8, 1)]

    private static func plane(_ port: UInt16) throws -> Plane {
        try Plane(
            [port],
            dresses: Dresses(
                listeners: [Plane.listener: ListenerDress(h2c: true)],
                backends: [BackendID(1): UpstreamDress(isH2: true)]))
    }

    private static func upgrade(to name: String, _ path: String = "/ws") -> String {
        "GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: \(name)\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    }

    @Test func `a refused tunnel is reset, and the next request has a stream of its own`() throws {
        let frames = Mutex<[String]>([])
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection, settings: Self.takesTunnels)
            while let frame = server.next() {
                frames.withLock { $0.append("\(frame.type) \(frame.stream)") }
                if frame.type == Frame.headers, frame.endsStream {
                    server.answer(frame.stream, "hello")
                } else if frame.type == Frame.headers {
                    // Complete, but for the half of the stream that is the client's to end.
                    server.send(.request(frame.stream, [(":status", "403")]))
                }
            }
        }
        let plane = try Self.plane(origin.port)
        for number in 0..<3 {
            let client = plane.connect()
            client.write(Self.upgrade(to: "websocket"))
            #expect(client.readResponse().head.hasPrefix("HTTP/1.1 403"))
            #expect(plane.get("/\(number)").body == "hello")
        }
        let expected = (0..<3).flatMap { ["1 \(4 * $0 + 1)", "3 \(4 * $0 + 1)", "1 \(4 * $0 + 3)"] }
        #expect(frames.withLock { $0 } == expected)
    }

    @Test func `an upgrade to something else is ignored`() throws {
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            while let request = server.request() {
                server.answer(request.stream, request.fields.contains { $0.hasPrefix("upgrade") } ? "upgrade" : "plain")
            }
        }
        let plane = try Self.plane(origin.port)
        let client = plane.connect()
        client.write(Self.upgrade(to: "echo"))
        #expect(client.readResponse().body == "plain")
    }

    @Test func `a WebSocket for a backend that takes none is refused with the reason`() throws {
        let origin = Origin { _, connection, _ in
            let server = FrameServer(connection)
            while let request = server.request() { server.answer(request.stream, "hello") }
        }
        let plane = try Self.plane(origin.port)
        for _ in 0..<2 {
            let client = plane.connect()
            client.write(Self.upgrade(to: "websocket"))
            let response = client.readResponse()
            #expect(response.head.hasPrefix("HTTP/1.1 502"))
            #expect(response.head.field("X-Portico-Reason") == "upgrade_unsupported")
            #expect(plane.get().body == "hello")
        }
    }

    @Test func `a WebSocket waits to hear whether a new connection takes it`() throws {
        let origin = Origin { _, connection, number in
            let server = FrameServer(connection, settings: Self.takesTunnels)
            if number == 0, let request = server.request() {
                // Known before the answer, so that the next request needs another connection.
                server.send(Frame(type: Frame.goAway, payload: Frame.four(request.stream) + Frame.four(0)))
                server.answer(request.stream, "hello")
            }
            while let frame = server.next() {
                server.send(.request(frame.stream, [(":status", "200")], isLast: false))
            }
        }
        let plane = try Self.plane(origin.port)
        #expect(plane.get().body == "hello")
        let client = plane.connect()
        client.write(Self.upgrade(to: "websocket"))
        #expect(client.readHead().hasPrefix("HTTP/1.1 101"))
        client.close()
        #expect(plane.isQuiet)
    }
}
