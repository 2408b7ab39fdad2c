// Requests to a backend that speaks HTTP/2: our client session against our server session, in memory.

import Glibc
import HTTP2
import TestFrames
import Testing
import Vocabulary

/// Two sessions that speak to each other.
private final class Pair {
    let near = Multiplexer(seed: 1)
    let client: SessionPointer
    let server: ServerRig
    private(set) var received: [StreamPointer: String] = [:]
    private(set) var events: [String] = []
    /// Frames towards the server that are held back.
    var isCut = false

    init() {
        client = near.openClient(owner: 1, isSecure: false)!
        server = ServerRig(isGreeted: false)
        exchange()
    }

    deinit { near.close(client) }

    var hasRoom: Bool { near.hasRoom(client) }
    var isOver: Bool { near.isOver(client) }

    func open() -> StreamPointer { near.openStream(client, owner: 9) }

    func write(_ stream: StreamPointer, _ text: String) {
        var bytes = Array(text.utf8)
        bytes.withUnsafeMutableBytes { raw in
            var piece = iovec(iov_base: raw.baseAddress, iov_len: raw.count)
            withUnsafeMutablePointer(to: &piece) {
                _ = near.write(stream, UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    /// Carries bytes both ways until nothing is left.
    func exchange() {
        var isMoving = true
        while isMoving {
            isMoving = false
            while case let bytes = near.collect(client), !bytes.isEmpty {
                server.send(Array(bytes))
                isMoving = true
            }
            while case let bytes = server.multiplexer.collect(server.session), !bytes.isEmpty {
                receive(Array(bytes))
                isMoving = true
            }
        }
    }

    /// What the client has to send, and the server does not get.
    func collect() -> [Frame] {
        var all: [UInt8] = []
        while case let bytes = near.collect(client), !bytes.isEmpty { all += bytes }
        return FrameReader().read(all)
    }

    func receive(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            _ = near.receive(client, bytes, now: server.now)
            tell()
        }
    }

    func tell() {
        var event = SessionEvent()
        while near.next(&event) {
            let stream = event.stream!
            if event.kind == .received {
                received[stream, default: ""] += String(decoding: event.bytes, as: UTF8.self)
            } else {
                events.append("\(event.kind)\(event.isRefused ? " refused" : "")")
            }
        }
    }
}

@Suite struct BackendTests {
    @Test func `a request and its response go there and back`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, "GET /a?b HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n")
        pair.exchange()
        #expect(pair.server.texts == ["GET /a?b HTTP/1.1\r\nhost: example.com\r\naccept: */*\r\n\r\n"])
        pair.server.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello")
        pair.exchange()
        #expect(pair.received[stream] == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello")
        #expect(stream.pointee.hasWholeInput && stream.pointee.isComplete)
        pair.near.release(stream)
        #expect(pair.client.pointee.streamCount == 0)
    }

    @Test func `bodies without a length and trailers go through in chunks`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(
            stream,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
                + "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n")
        pair.exchange()
        #expect(pair.server.texts[0].hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n"))
        #expect(pair.server.texts[0].contains("te: trailers\r\n"))
        pair.server.write(
            0,
            "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n"
                + "0\r\ngrpc-status: 0\r\n\r\n")
        pair.exchange()
        #expect(
            pair.received[stream]
                == "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n"
                + "0\r\ngrpc-status: 0\r\n\r\n")
    }

    @Test(arguments: [
        (true, "content-type", "application/grpc+proto", true), (true, "trailer", "grpc-status", true),
        (true, "content-type", "text/plain", false), (false, "content-type", "application/grpc", false),
    ])
    func `a stated length gives way to trailers that are wanted and expected`(
        _ takesTrailers: Bool, _ name: String, _ value: String, _ isChunked: Bool
    ) {
        let pair = Pair()
        let stream = pair.open()
        let offer = takesTrailers ? "TE: trailers\r\nConnection: TE\r\n" : ""
        pair.write(stream, "GET / HTTP/1.1\r\nHost: h\r\n\(offer)\r\n")
        while case let bytes = pair.near.collect(pair.client), !bytes.isEmpty {}
        let head = Frame.request(
            1, [(":status", "200"), ("content-length", "2"), (name, value), ("x", "y")], isLast: false)
        pair.receive(head.bytes + Frame.data(1, "ok").bytes)
        // With chunks, the message is not complete before its trailers.
        #expect(stream.pointee.hasWholeInput == !isChunked)
        pair.receive(Frame.request(1, [("grpc-status", "0")]).bytes)
        #expect(
            pair.received[stream]
                == (isChunked
                    ? "HTTP/1.1 200 OK\r\n\(name): \(value)\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n"
                        + "2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\(name): \(value)\r\nx: y\r\n\r\nok"))
    }

    @Test func `a gRPC response of trailers only has no length on the way`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        pair.exchange()
        pair.server.write(
            0, "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 5\r\ncontent-length: 0\r\n\r\n")
        pair.exchange()
        #expect(
            pair.received[stream]
                == "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 5\r\ncontent-length: 0\r\n\r\n")
    }

    @Test func `responses without a body, and interim ones`() {
        let pair = Pair()
        let head = pair.open()
        pair.write(head, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        let get = pair.open()
        pair.write(get, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        pair.exchange()
        pair.server.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        pair.server.write(1, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        pair.exchange()
        #expect(pair.received[head] == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        #expect(pair.received[get] == "HTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test func `a reset breaks the request, a refused stream says that nothing was done`() {
        let pair = Pair()
        let first = pair.open()
        pair.write(first, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        pair.exchange()
        pair.server.release(0)
        pair.exchange()
        #expect(pair.events == ["broken"])
        let second = pair.open()
        pair.write(second, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        while case let bytes = pair.near.collect(pair.client), !bytes.isEmpty {}
        pair.receive(Frame.reset(3, 7).bytes)
        #expect(pair.events == ["broken", "broken refused"])
    }

    @Test func `a stream that its backend does not let end is cancelled after a while`() {
        let pair = Pair()
        // No room for bodies: SETTINGS_INITIAL_WINDOW_SIZE.
        pair.receive(Frame.settings([(4, 0)]).bytes)
        let stream = pair.open()
        pair.write(stream, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
        let unended = pair.open()
        pair.write(unended, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = pair.collect()
        pair.receive(Frame.request(1, [(":status", "200")]).bytes)
        pair.receive(Frame.request(3, [(":status", "200"), ("content-length", "0")], isLast: false).bytes)
        #expect(pair.received[stream] == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(pair.received[unended] == pair.received[stream])
        pair.near.release(stream)
        pair.near.release(unended)
        pair.near.cancelOrphans(pair.client)
        #expect(pair.collect().isEmpty)
        #expect(pair.client.pointee.orphanCount == 2)
        pair.near.cancelOrphans(pair.client)
        #expect(pair.collect().map(\.type) == [Frame.reset, Frame.reset])
        #expect(pair.client.pointee.streamCount == 0)
    }

    @Test func `what a tunnel was told is sent behind the end of its backend`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, Self.chat)
        _ = pair.collect()
        pair.receive(Frame.request(1, [(":status", "200"), ("content-length", "0")]).bytes)
        #expect(pair.events == ["ended"])
        #expect(pair.received[stream]?.contains("content-length") == false)
        pair.write(stream, "bye")
        pair.near.finish(stream)
        pair.near.release(stream)
        let frames = pair.collect()
        #expect(frames.allSatisfy { $0.type == Frame.data } && frames.last?.flags == Frame.endStream)
        #expect(String(decoding: frames.flatMap(\.payload), as: UTF8.self) == "bye")
        #expect(pair.client.pointee.streamCount == 0)
    }

    @Test func `a refused head breaks the request, whatever length it states`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = pair.collect()
        pair.receive(
            Frame.request(1, [(":status", "200"), ("content-length", "0"), ("connection", "x")], isLast: false).bytes)
        #expect(pair.collect().map(\.type) == [Frame.reset])
        pair.tell()
        #expect(pair.events == ["broken"])
        #expect(pair.received[stream] == nil)
    }

    @Test func `GOAWAY refuses what came behind its last stream, and lets the others finish`() {
        let pair = Pair()
        let first = pair.open()
        pair.write(first, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        pair.exchange()
        let second = pair.open()
        pair.write(second, "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
        while case let bytes = pair.near.collect(pair.client), !bytes.isEmpty {}
        #expect(second.pointee.mayBeSeen)
        pair.receive(Frame(type: Frame.goAway, payload: Frame.four(1) + Frame.four(0)).bytes)
        #expect(pair.events == ["broken refused"])
        #expect(!pair.hasRoom)
        pair.server.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        pair.exchange()
        #expect(pair.received[first]?.hasPrefix("HTTP/1.1 200 OK") == true)
        pair.near.release(first)
        pair.near.release(second)
        #expect(pair.isOver)
    }

    @Test func `the backend's limit of streams is respected`() {
        let pair = Pair()
        var streams: [StreamPointer] = []
        while pair.hasRoom {
            let stream = pair.open()
            pair.write(stream, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            streams.append(stream)
        }
        pair.exchange()
        #expect(streams.count == HTTP2Limits.streamsMax)
        #expect(pair.server.streams.count == HTTP2Limits.streamsMax)
        #expect(pair.events.isEmpty)
        pair.server.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        pair.server.release(0)
        pair.exchange()
        pair.near.release(streams[0])
        #expect(pair.hasRoom)
    }

    @Test func `a connection that ends refuses what was not sent and breaks the rest`() {
        let near = Multiplexer(seed: 1)
        let client = near.openClient(owner: 1, isSecure: false)!
        let stream = near.openStream(client, owner: 9)
        near.close(client)
        var event = SessionEvent()
        let isTold = near.next(&event)
        #expect(isTold)
        #expect(event.kind == .broken && event.isRefused)
        near.release(stream)
    }

    /// With the key of RFC 6455 §1.3, whose answer is there too.
    private static let chat =
        "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    @Test func `an upgrade to WebSocket is an extended CONNECT, and its client gets the answer it waits for`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, Self.chat)
        pair.exchange()
        #expect(pair.server.texts[0].hasPrefix("GET /chat HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\n"))
        #expect(!pair.server.texts[0].contains("dGhlIHNhbXBsZSBub25jZQ=="))
        pair.server.write(
            0, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        pair.exchange()
        #expect(
            pair.received[stream]
                == "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                + "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello")
        pair.write(stream, "raw")
        pair.exchange()
        #expect(pair.server.texts[0].hasSuffix("\r\n\r\nraw"))
    }

    @Test func `an upgrade to something else is left out of its request`() {
        let pair = Pair()
        for offer in ["echo", "websocket/13", "echo, echo/2"] {
            let stream = pair.open()
            pair.write(
                stream, "GET /\(offer.count) HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: \(offer)\r\n\r\n")
            pair.exchange()
            #expect(pair.server.texts.last == "GET /\(offer.count) HTTP/1.1\r\nhost: h\r\n\r\n")
        }
        #expect(pair.events.isEmpty)
    }

    @Test func `one of several offers is WebSocket`() {
        let pair = Pair()
        pair.write(
            pair.open(),
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo, WebSocket\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        pair.exchange()
        #expect(pair.server.texts.first?.contains("upgrade: websocket\r\n") == true)
    }

    @Test func `as many fields as a listener may allow are passed on`() {
        let pair = Pair()
        let fields = (0..<10_000).map { "a\($0 % 10):\r\n" }.joined()
        pair.write(pair.open(), "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
        pair.exchange()
        pair.tell()
        #expect(pair.events.isEmpty)
        #expect(pair.server.texts.first?.split(separator: "\r\n").count == 10_002)
    }

    @Test func `a tunnel that the backend opens and ends at once is told as ended`() {
        let pair = Pair()
        let stream = pair.open()
        pair.write(stream, Self.chat)
        _ = pair.collect()
        pair.receive(Frame.request(1, [(":status", "200")]).bytes)
        #expect(pair.received[stream]?.hasPrefix("HTTP/1.1 101 ") == true)
        #expect(pair.events == ["ended"])
    }
}
