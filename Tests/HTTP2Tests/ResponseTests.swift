// What a response of HTTP/1.1 becomes in HTTP/2, and how streams end.

import HTTP2
import TestFrames
import Testing

@Suite struct ResponseTests {
    @Test func `a response of a stated length becomes HEADERS and DATA`() {
        let rig = ServerRig()
        rig.send(.get(1))
        rig.write(
            0,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nKeep-Alive: timeout=5\r\n"
                + "Content-Length: 5\r\nX-Request-Id: 1\r\n\r\nhello")
        rig.release(0)
        let frames = rig.collect()
        #expect(frames.map(\.type) == [Frame.headers, Frame.data])
        #expect(
            rig.reader.fields(frames[0]) == [
                ":status: 200", "content-type: text/plain", "content-length: 5", "x-request-id: 1",
            ])
        #expect(frames[1].payload == Array("hello".utf8))
        #expect(frames[1].endsStream && !frames[0].endsStream)
    }

    @Test func `chunks are taken apart`() {
        let rig = ServerRig()
        rig.send(.get(1))
        for byte in Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8).dropLast(0).chunked(1000) {
            rig.write(0, byte)
        }
        rig.write(0, "3\r\nabc\r\n")
        rig.write(0, "2\r\nde\r")
        rig.write(0, "\n0\r\n\r\n")
        let frames = rig.collect()
        #expect(rig.reader.fields(frames[0]) == [":status: 200"])
        #expect(frames.dropFirst().flatMap(\.payload) == Array("abcde".utf8))
        #expect(frames.last!.endsStream)
    }

    @Test func `responses without a body end with their head`() {
        for (method, head) in [
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\n"), ("GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ] {
            let rig = ServerRig()
            rig.send(.request(1, [(":method", method), (":scheme", "http"), (":path", "/"), (":authority", "h")]))
            rig.write(0, head)
            let frames = rig.collect()
            #expect(frames.map(\.type) == [Frame.headers], "\(head)")
            #expect(frames[0].endsStream)
        }
    }

    @Test func `interim responses are passed`() {
        let rig = ServerRig()
        rig.send(.get(1))
        rig.write(0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        rig.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let frames = rig.collect()
        #expect(
            frames.map(rig.reader.fields) == [
                [":status: 103", "link: </a>"], [":status: 100"], [":status: 200", "content-length: 0"],
            ])
        #expect(frames.map(\.endsStream) == [false, false, true])
    }

    @Test func `an early response stops the request`() {
        let rig = ServerRig()
        rig.send(.post(1))
        rig.write(0, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        rig.release(0)
        let frames = rig.collect()
        #expect(frames.map(\.type) == [Frame.headers, Frame.data, Frame.reset])
        #expect(frames[2].error == 0)
        rig.send(.data(1, "more"))
        #expect(rig.isAlive)
    }

    @Test func `a response that is cut short is reset`() {
        let rig = ServerRig()
        rig.send(.get(1), .get(3), .get(5))
        rig.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        rig.release(0)
        rig.release(1)
        rig.release(2, isFailure: true)
        let resets = rig.collect(Frame.reset)
        #expect(resets.map(\.stream) == [1, 3, 5])
        #expect(resets.map(\.error) == [2, 8, 2])
    }

    @Test func `a response that makes no sense is reset and told`() {
        let rig = ServerRig()
        rig.send(.get(1))
        #expect(!rig.write(0, "nonsense\r\n\r\n"))
        #expect(rig.collect(Frame.reset).map(\.error) == [2])
        #expect(rig.events == ["opened 0", "broken 0"])
    }

    @Test func `a client that resets a stream breaks it once`() {
        let rig = ServerRig()
        rig.send(.get(1))
        rig.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        rig.send(.reset(1))
        #expect(rig.events == ["opened 0", "broken 0"])
        #expect(rig.write(0, "llo"))
        rig.release(0)
        #expect(rig.collect().isEmpty)
    }

    @Test func `a body waits for the client's window, and its source is told when there is room again`() {
        let rig = ServerRig()
        rig.send(.get(1))
        let body = [UInt8](repeating: 7, count: 300_000)
        rig.write(0, "HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
        rig.write(0, body)
        #expect(rig.isCongested(0))
        var got = rig.collect(Frame.data).reduce(0) { $0 + $1.payload.count }
        #expect(got == 65_535)
        #expect(!rig.events.contains("drained 0"))
        while got < body.count {
            rig.send(.windowUpdate(0, 65_535), .windowUpdate(1, 65_535))
            let more = rig.collect(Frame.data)
            #expect(more.allSatisfy { $0.payload.count <= 16_384 })
            got += more.reduce(0) { $0 + $1.payload.count }
        }
        #expect(got == body.count)
        #expect(rig.events == ["opened 0", "drained 0"])
        #expect(!rig.isCongested(0))
        rig.release(0)
        #expect(rig.session.pointee.streamCount == 0)
    }

    @Test func `a paused upload stops at the window and goes on when it is resumed`() {
        let rig = ServerRig()
        rig.send(.post(1, [("content-length", "300000")]))
        rig.multiplexer.pause(rig.streams[0])
        let piece = [UInt8](repeating: 65, count: 16_000)
        for _ in 0..<16 { rig.send(.data(1, piece)) }
        #expect(rig.collect(Frame.windowUpdate).isEmpty)
        let head = rig.texts[0].utf8.count
        rig.multiplexer.resume(rig.streams[0])
        rig.tell()
        #expect(rig.texts[0].utf8.count - head == 256_000)
        let updates = rig.collect(Frame.windowUpdate).filter { $0.stream == 1 }
        // libnghttp2 waits until half of the window is free.
        let freed = updates.reduce(0) { $0 + $1.number(at: 0) }
        #expect((131_072...256_000).contains(freed))
    }

    @Test func `more than the window is a flow-control error`() {
        let rig = ServerRig()
        rig.send(.post(1))
        rig.multiplexer.pause(rig.streams[0])
        let piece = [UInt8](repeating: 65, count: 16_000)
        for _ in 0..<17 { rig.send(.data(1, piece)) }
        #expect(rig.collect().contains { ($0.type == Frame.reset || $0.type == Frame.goAway) && $0.error == 3 })
    }

    @Test func `drain tells the highest id first and the last one after the answer`() {
        let rig = ServerRig()
        rig.send(.get(1))
        rig.multiplexer.beginDrain(rig.session)
        let first = rig.collect()
        let ping = first.first { $0.type == Frame.ping }!
        #expect(first.filter { $0.type == Frame.goAway }.map { $0.number(at: 0) } == [0x7fff_ffff])
        // A request that was on its way is still taken.
        rig.send(.get(3), Frame(type: Frame.ping, flags: Frame.acknowledges, payload: ping.payload))
        #expect(rig.streams.count == 2)
        let second = rig.collect(Frame.goAway)
        #expect(second.map { $0.number(at: 0) } == [3])
        #expect(second.map(\.error) == [0])
        #expect(!rig.isOver)
        rig.send(.get(5))
        #expect(rig.streams.count == 2)
        for stream in 0...1 {
            rig.write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            rig.release(stream)
        }
        _ = rig.collect()
        #expect(rig.isOver)
    }

    @Test func `WebSocket by extended CONNECT is an upgrade`() {
        let rig = ServerRig()
        rig.send(
            .request(
                1,
                [
                    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/chat"),
                    (":authority", "h"), ("sec-websocket-version", "13"), ("origin", "https://h"),
                ], isLast: false))
        let head = rig.texts[0]
        #expect(head.hasPrefix("GET /chat HTTP/1.1\r\nhost: h\r\nsec-websocket-version: 13\r\norigin: https://h\r\n"))
        #expect(head.contains("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: "))
        let key = head.split(separator: "sec-websocket-key: ")[1].prefix { $0 != "\r\n" }
        #expect(key.count == 24 && key.hasSuffix("=="))
        rig.write(
            0,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: p\r\n\r\nfirst")
        var frames = rig.collect()
        #expect(rig.reader.fields(frames[0]) == [":status: 200", "sec-websocket-protocol: p"])
        #expect(frames[1].payload == Array("first".utf8))
        rig.send(.data(1, "to the backend"), .data(1, "", isLast: true))
        #expect(rig.texts[0].hasSuffix("\r\n\r\nto the backend"))
        #expect(rig.events == ["opened 0", "ended 0"])
        rig.write(0, "last")
        rig.multiplexer.finish(rig.streams[0])
        rig.release(0)
        frames = rig.collect()
        #expect(frames.last!.endsStream)
        #expect(rig.session.pointee.streamCount == 0)
    }

    @Test func `an upgrade that is refused is a plain response`() {
        let rig = ServerRig()
        rig.send(
            .request(
                1,
                [
                    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/"),
                    (":authority", "h"),
                ], isLast: false))
        rig.write(0, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        rig.release(0)
        let frames = rig.collect()
        #expect(rig.reader.fields(frames[0]) == [":status: 403", "content-length: 0"])
        #expect(frames.last!.type == Frame.reset && frames.last!.error == 0)
    }
}

extension Array {
    fileprivate func chunked(_ size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
