// HTTP/2 clients over real sockets: prior knowledge, and ALPN through TLS.

import Proxy
import Routing
import Synchronization
import TLS
import TestCertificates
import TestFrames
import Testing
import Vocabulary

@Suite struct MultiplexTests {
    private static func plane(
        _ ports: [UInt16], _ change: (inout ServiceRules, inout ListenerRules) -> Void = { _, _ in }
    ) throws -> Plane {
        try Plane(ports, dresses: Dresses(listeners: [Plane.listener: ListenerDress(h2c: true)]), change)
    }

    @Test func `streams of one connection are requests of their own`() throws {
        let origin = Origin(answering: "hello")
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.get(1, "/a"), .get(3, "/b"), .get(5, "/c"))
        let responses = client.responses(3)
        #expect(responses.count == 3)
        for response in responses.values {
            #expect(response.heads[0].starts(with: [":status: 200", "content-length: 5"]))
            #expect(response.heads[0].contains { $0.hasPrefix("x-request-id: ") })
            #expect(response.text == "hello")
        }
        #expect(Set(origin.requests.map { $0.components(" ")[1] }) == ["/a", "/b", "/c"])
        #expect(origin.requests.allSatisfy { $0.field("X-Forwarded-For") == "127.0.0.1" })
        #expect(origin.requests.allSatisfy { $0.field("Host") == "h" })
        #expect(plane.gateway.openConnections == 1)
        let lines = plane.log(3)
        #expect(lines.allSatisfy { value("protocol", $0) == "h2" && value("status", $0) == "200" })
        client.socket.close()
        #expect(plane.isQuiet)
    }

    @Test func `a listener for both takes HTTP_1_1 as before, even when it begins like the preface`() throws {
        let origin = Origin(answering: "hello")
        let plane = try Self.plane([origin.port])
        #expect(plane.get().body == "hello")
        #expect(plane.log(1).allSatisfy { value("protocol", $0) == "http/1.1" })
        for first in ["P", "PR", "PROPFIND", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
            let client = plane.connect()
            client.write(first)
            if first == "PROPFIND" {
                client.write(" / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.readResponse().body == "hello")
            } else {
                client.write("X")
                client.shutdownWriting()
                _ = client.readToEnd()
            }
        }
        #expect(plane.isQuiet)
    }

    @Test func `ALPN decides over TLS`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let context = try TLSServerContext(
            [authority.issue("a", ["a.test"])], rules: ServerTLSRules(protocols: .http2AndHTTP1, scope: "web"),
            tickets: TicketKeyRing())
        let plane = try Plane(
            [origin.port], dresses: Dresses(listeners: [Plane.listener: ListenerDress(tls: context, http2: true)]))
        for protocols in [ApplicationProtocols.http2AndHTTP1, .http1] {
            let rules = ClientTLSRules(verification: .authority(try authority.root), protocols: protocols)
            let client = SecureClient(port: plane.port, try TLSClientContext(rules), name: "a.test")
            #expect(client.shakeHands())
            guard protocols == .http2AndHTTP1 else {
                client.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
                #expect(client.readHead().hasPrefix("HTTP/1.1 200"))
                continue
            }
            let get = Frame.request(
                1, [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a.test")])
            client.write(Frame.preface + Frame.settings().bytes + get.bytes)
            let reader = FrameReader()
            var frames: [Frame] = []
            while !frames.contains(where: { $0.type == Frame.data }), case let byte = client.read(1), !byte.isEmpty {
                frames += reader.read(byte)
            }
            #expect(frames.last?.payload == Array("hello".utf8))
        }
        #expect(origin.requests.allSatisfy { $0.field("X-Forwarded-Proto") == "https" })
        let lines = plane.log(2)
        #expect(lines.map { value("protocol", $0) } == ["h2", "http/1.1"])
    }

    @Test func `bodies and trailers go both ways`() throws {
        let seen = Mutex("")
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            let body = connection.read(through: "0\r\n") + connection.read(through: "\r\n\r\n")
            seen.withLock { $0 = body }
            connection.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n")
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.post(1, [("te", "trailers")]), .data(1, "ping"))
        client.send(.request(1, [("x-sum", "7")]))
        let response = client.responses(1)[1]
        #expect(response?.text == "abc")
        #expect(response?.heads.last == ["grpc-status: 0"])
        #expect(seen.withLock { $0 } == "4\r\nping\r\n0\r\nx-sum: 7\r\n\r\n")
        #expect(origin.requests[0].field("TE") == "trailers")
    }

    @Test func `a large body goes up and down whole`() throws {
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                let got = connection.readBytes(Int(head.field("Content-Length") ?? "0")!)
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(got.count)\r\n\r\n")
                connection.write(got)
            }
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane, settings: [(4, 1 << 30)])
        client.send(.windowUpdate(0, 1 << 30), .post(1, [("content-length", "\(body.count)")]))
        var window = 65_535
        var offset = 0
        var got: [UInt8] = []
        var streamWindow = 65_535
        while got.count < body.count {
            while offset < body.count, case let count = min(16_000, window, streamWindow, body.count - offset),
                count > 0
            {
                client.send(.data(1, Array(body[offset..<offset + count]), isLast: offset + count == body.count))
                (window, streamWindow, offset) = (window - count, streamWindow - count, offset + count)
            }
            guard let frame = client.next() else { break }
            switch frame.type {
            case Frame.settings where frame.flags == 0:
                // Our window grows with their initial one.
                for start in stride(from: 0, to: frame.payload.count, by: 6) where frame.payload[start + 1] == 4 {
                    streamWindow += Int(frame.number(at: start + 2)) - 65_535
                }
            case Frame.windowUpdate where frame.stream == 0: window += Int(frame.number(at: 0))
            case Frame.windowUpdate: streamWindow += Int(frame.number(at: 0))
            case Frame.data: got += frame.payload
            default: break
            }
        }
        #expect(got.count == body.count && offset == body.count)
        #expect(got.elementsEqual(body))
        let line = plane.log(1)[0]
        #expect(value("bytes_in", line) == "\(body.count)")
        #expect(value("bytes_out", line) == "\(body.count)")
    }

    @Test func `a stream that its client resets leaves the backend and the other streams`() throws {
        let gone = Gate()
        let origin = Origin { origin, connection, _ in
            guard let head = origin.nextHead(connection) else { return }
            if head.hasPrefix("GET /slow") {
                _ = connection.readToEnd()
                gone.open()
            } else {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.get(1, "/slow"))
        #expect(eventually { origin.requests.count == 1 })
        client.send(.reset(1))
        #expect(gone.wait())
        client.send(.get(3, "/fast"))
        #expect(client.responses(1)[3]?.text == "ok")
        #expect(plane.log(2).contains { value("reason", $0) == "client_abort" })
    }

    @Test func `a response that the backend cuts short is reset`() throws {
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.close()
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.get(1))
        #expect(client.responses(1)[1]?.reset == 2)
    }

    @Test func `an answer of our own is one of HTTP_2, and an unread upload is stopped`() throws {
        let plane = try Self.plane([DeadPort().port]) { service, _ in
            service.holdMax = 0
            service.bodyBytesMax = ByteCount(10)
        }
        let client = FrameClient(plane)
        client.send(.get(1), .post(3, [("content-length", "11")]), .data(3, "x"))
        let responses = client.responses(3)
        #expect(responses[1]?.heads[0][0] == ":status: 502")
        #expect(responses[3]?.heads[0][0] == ":status: 413")
        #expect(responses[3]?.reset == 0)
    }

    @Test func `a drain lets streams finish and closes the connection after them`() throws {
        let finish = Gate()
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            finish.wait()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(.get(1))
        #expect(eventually { origin.requests.count == 1 })
        plane.gateway.beginDrain()
        #expect(client.next(Frame.goAway)?.number(at: 0) == 0x7fff_ffff)
        let ping = try #require(client.next(Frame.ping))
        client.send(Frame(type: Frame.ping, flags: Frame.acknowledges, payload: ping.payload))
        let last = client.next(Frame.goAway)
        #expect(last?.number(at: 0) == 1)
        #expect(last?.error == 0)
        finish.open()
        #expect(client.responses(1)[1]?.text == "ok")
        #expect(client.next() == nil)
        #expect(client.socket.ended)
        client.socket.close()
        #expect(plane.isQuiet)
    }

    @Test func `an idle connection is told to go and closed`() throws {
        let origin = Origin(answering: "x")
        let plane = try Self.plane([origin.port]) { $1.idleTimeout = .milliseconds(50) }
        let client = FrameClient(plane)
        client.send(.get(1))
        #expect(client.responses(1).count == 1)
        #expect(client.next(Frame.goAway)?.error == 0)
        #expect(client.next() == nil)
        #expect(plane.isQuiet)
    }

    @Test func `a connection that has had its requests is told to go`() throws {
        let origin = Origin(answering: "x")
        let plane = try Self.plane([origin.port]) { $1.requestsPerConnectionMax = 2 }
        let client = FrameClient(plane)
        client.send(.get(1))
        #expect(client.responses(1).count == 1)
        client.send(.get(3))
        #expect(client.next(Frame.goAway)?.number(at: 0) == 0x7fff_ffff)
    }

    @Test func `rapid resets end their connection and no other`() throws {
        let origin = Origin(answering: "x")
        let plane = try Self.plane([origin.port])
        let other = FrameClient(plane)
        let client = FrameClient(plane)
        for number in 0..<400 { client.send(.get(UInt32(2 * number + 1)), .reset(UInt32(2 * number + 1))) }
        #expect(client.next(Frame.goAway)?.error == 11)
        while client.next() != nil {}
        client.socket.close()
        other.send(.get(1))
        #expect(other.responses(1)[1]?.text == "x")
        other.socket.close()
        #expect(plane.isQuiet)
    }

    @Test func `WebSocket over HTTP_2 is a tunnel to a backend of HTTP_1_1`() throws {
        let origin = Origin { origin, connection, _ in
            guard let head = origin.nextHead(connection), head.field("Upgrade") == "websocket",
                let key = head.field("Sec-WebSocket-Key"), key.count == 24
            else { return }
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Accept: \(webSocketAccept(key))\r\n\r\nwelcome")
            connection.write(connection.read(4))
            _ = connection.readToEnd()
            connection.write("bye")
        }
        let plane = try Self.plane([origin.port])
        let client = FrameClient(plane)
        client.send(
            .request(
                1,
                [
                    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
                    (":authority", "h"), ("sec-websocket-version", "13"),
                ], isLast: false))
        #expect(client.next(Frame.headers).map { client.reader.fields($0)[0] } == ":status: 200")
        var text = ""
        while text.count < 7, let frame = client.next(Frame.data) {
            text += String(decoding: frame.payload, as: UTF8.self)
        }
        #expect(text == "welcome")
        client.send(.data(1, "ping"))
        #expect(client.next(Frame.data)?.payload == Array("ping".utf8))
        client.send(.data(1, "", isLast: true))
        let rest = client.responses(1)[1]
        #expect(rest?.text == "bye")
        #expect(rest?.reset == nil)
        client.socket.close()
        #expect(plane.isQuiet)
    }

    @Test func `connections that break with streams open leave nothing behind`() throws {
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            _ = connection.readToEnd()
        }
        let plane = try Self.plane([origin.port])
        for isReset in [false, true] {
            let client = FrameClient(plane)
            client.send(.get(1), .get(3), .post(5), .data(5, "x"))
            let expected = isReset ? 6 : 3
            #expect(eventually { origin.requests.count == expected })
            if isReset { client.socket.reset() } else { client.socket.close() }
        }
        #expect(plane.isQuiet)
    }
}
