// WebSockets of HTTP/2 clients (RFC 8441) to backends of HTTP/1.1: what opens the tunnel and what does not.

import Proxy
import Routing
import TestFrames
import Testing

@Suite struct StreamTunnelTests {
    private static func plane(_ port: UInt16) throws -> Plane {
        try Plane([port], dresses: Dresses(listeners: [Plane.listener: ListenerDress(h2c: true)]))
    }

    private static func connect(isLast: Bool = false) -> Frame {
        .request(
            1,
            [
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
                (":authority", "h"), ("sec-websocket-version", "13"),
            ], isLast: isLast)
    }

    /// An origin that answers a request with what `answer` makes of its key, and throws away the rest.
    private static func origin(_ answer: @escaping @Sendable (_ key: String) -> String) -> Origin {
        Origin { origin, connection, _ in
            guard let head = origin.nextHead(connection) else { return }
            connection.write(answer(head.field("Sec-WebSocket-Key") ?? ""))
            _ = connection.readToEnd()
        }
    }

    @Test(arguments: ["200 OK\r\nContent-Length: 5\r\n\r\nhello", "204 No Content\r\n\r\n"])
    func `a success that is no 101 is an error, not an open tunnel`(_ answer: String) throws {
        let origin = Self.origin { _ in "HTTP/1.1 " + answer }
        let plane = try Self.plane(origin.port)
        let client = FrameClient(plane)
        client.send(Self.connect())
        let head = try #require(client.responses(1)[1]?.heads.first)
        #expect(head[0] == ":status: 502")
        #expect(head.contains("x-portico-reason: upstream_malformed"))
    }

    @Test func `a refusal is passed on`() throws {
        let origin = Self.origin { _ in "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever" }
        let plane = try Self.plane(origin.port)
        let client = FrameClient(plane)
        client.send(Self.connect())
        let response = client.responses(1)[1]
        #expect(response?.heads.first?[0] == ":status: 403")
        #expect(response?.text == "never")
    }

    @Test func `a client that has nothing to say ends its half of the tunnel with the request`() throws {
        let origin = Origin { origin, connection, _ in
            guard let key = origin.nextHead(connection)?.field("Sec-WebSocket-Key") else { return }
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Accept: \(webSocketAccept(key))\r\n\r\n")
            #expect(connection.readToEnd() == "")
            connection.write("bye")
        }
        let plane = try Self.plane(origin.port)
        let client = FrameClient(plane)
        client.send(Self.connect(isLast: true))
        let response = client.responses(1)[1]
        #expect(response?.heads.first?[0] == ":status: 200")
        #expect(response?.text == "bye")
        #expect(response?.reset == nil)
        client.socket.close()
        #expect(plane.isQuiet)
    }

    @Test(arguments: 0..<5) func `the answer to our key must be right`(_ number: Int) throws {
        let origin = Self.origin { key in
            let right = "Sec-WebSocket-Accept: \(webSocketAccept(key))\r\n"
            let upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            return switch number {
            case 0: upgrade + "\r\n"
            case 1: upgrade + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"
            case 2: upgrade + right + right + "\r\n"
            case 3: upgrade.replacing("websocket", with: "echo") + right + "\r\n"
            default: upgrade + right + "\r\n"
            }
        }
        let plane = try Self.plane(origin.port)
        let client = FrameClient(plane)
        client.send(Self.connect())
        let head = client.next(Frame.headers).map { client.reader.fields($0) }
        #expect(head?.first == (number < 4 ? ":status: 502" : ":status: 200"))
    }
}
