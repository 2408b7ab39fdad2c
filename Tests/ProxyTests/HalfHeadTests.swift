// Heads of HTTP/2 that come in pieces: bounded in time and in room, as those of HTTP/1.1 are.

import Proxy
import Routing
import TestFrames
import Testing
import Vocabulary

@Suite struct HalfHeadTests {
    private static func plane(
        _ port: UInt16, _ change: (inout ServiceRules, inout ListenerRules) -> Void = { _, _ in }
    ) throws -> Plane {
        try Plane([port], dresses: Dresses(listeners: [Plane.listener: ListenerDress(h2c: true)]), change)
    }

    /// A client that has acknowledged SETTINGS: nothing may come between the parts of a head.
    private static func client(_ plane: Plane) -> FrameClient {
        let client = FrameClient(plane)
        _ = client.next(Frame.settings)
        return client
    }

    /// HEADERS of a GET without END_HEADERS.
    private static func half(_ stream: UInt32, _ fields: [(String, String)] = []) -> Frame {
        var frame = Frame.get(stream, "/slow")
        frame.flags = Frame.endStream
        frame.payload += Frame.block(fields)
        return frame
    }

    private static func rest(_ stream: UInt32, isLast: Bool = true) -> Frame {
        Frame(
            type: Frame.continuation, flags: isLast ? Frame.endHeaders : 0, stream: stream,
            payload: Frame.block([("y", "z")]))
    }

    @Test(arguments: [false, true])
    func `one that is not finished in time ends its connection, whatever its streams do`(_ hasStream: Bool) throws {
        let origin = Origin { origin, connection, _ in
            _ = origin.nextHead(connection)
            _ = connection.readToEnd()
        }
        let plane = try Self.plane(origin.port) { $1.headerTimeout = .milliseconds(100) }
        let client = Self.client(plane)
        if hasStream { client.send(.get(1)) }
        client.send(Self.half(3))
        client.send(Self.rest(3, isLast: false))
        #expect(client.next(Frame.goAway)?.error == 0)
        #expect(client.next() == nil)
        let line = try #require(plane.log(1).first { value("status", $0) == "408" })
        #expect(value("reason", line) == "client_timeout")
        #expect(value("protocol", line) == "h2")
        #expect(plane.isQuiet)
    }

    @Test func `one that is finished in time is served, and its connection lives on`() throws {
        let finish = Gate()
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            finish.wait()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let plane = try Self.plane(origin.port) { $1.headerTimeout = .milliseconds(200) }
        let client = Self.client(plane)
        client.send(Self.half(1))
        client.send(Self.rest(1))
        #expect(eventually { origin.requests.count == 1 })
        // Began later, and is given up: by then the time of the first one is over as well.
        let other = Self.client(plane)
        other.send(Self.half(1))
        #expect(other.next(Frame.goAway) != nil)
        finish.open()
        #expect(client.responses(1)[1]?.text == "ok")
    }

    @Test func `each has its own time`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Self.plane(origin.port) { $1.headerTimeout = .milliseconds(200) }
        let (client, other) = (Self.client(plane), Self.client(plane))
        client.send(Self.half(1))
        // The end of one head and the beginning of the next in one piece.
        let next = Frame(type: Frame.headers, flags: Frame.endStream, stream: 3, payload: [])
        client.socket.write(Self.rest(1).bytes + next.bytes)
        #expect(client.responses(1)[1]?.text == "ok")
        other.send(Self.half(1))
        #expect(client.next(Frame.goAway) != nil)
        #expect(other.next(Frame.goAway) != nil)
        #expect(plane.log(3).filter { value("status", $0) == "408" }.count == 2)
    }

    @Test func `they count as bytes in buffers, and with too many there are no more of them`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Self.plane(origin.port)
        plane.publish { $0.bufferBytesMax = ByteCount(8192) }
        let client = Self.client(plane)
        client.send(Self.half(1, (0..<4).map { ("x\($0)", String(repeating: "y", count: 3000)) }))
        #expect(client.next(Frame.goAway) != nil)
        #expect(client.next() == nil)
        #expect(plane.log(1).contains { value("reason", $0) == "out_of_memory" })
        // What it held is free again.
        #expect(plane.get().body == "ok")
        #expect(plane.isQuiet)
    }
}
