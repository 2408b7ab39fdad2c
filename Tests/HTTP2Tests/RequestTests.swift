// What a client's HEADERS and DATA become in HTTP/1.1, and what is refused before it becomes anything.

import HTTP2
import TestFrames
import Testing

@Suite struct RequestTests {
    @Test func `a request without a body becomes a head`() {
        let rig = ServerRig()
        rig.send(
            .request(
                1,
                [
                    (":method", "GET"), (":scheme", "http"), (":path", "/a?b=c"), (":authority", "example.com:81"),
                    ("accept", "*/*"), ("x-empty", ""),
                ]))
        #expect(rig.events == ["opened 0"])
        #expect(rig.texts == ["GET /a?b=c HTTP/1.1\r\nhost: example.com:81\r\naccept: */*\r\nx-empty: \r\n\r\n"])
    }

    @Test func `a body of a stated length comes as it is`() {
        let rig = ServerRig()
        rig.send(.post(1, [("content-length", "10")]), .data(1, "01234"))
        rig.send(.data(1, "56789", isLast: true))
        #expect(rig.texts == ["POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n0123456789"])
    }

    @Test func `a body without a length comes in chunks`() {
        let rig = ServerRig()
        rig.send(.post(1), .data(1, "0123456789abcdef0"))
        rig.send(.data(1, "x", isLast: false), .data(1, "", isLast: true))
        #expect(
            rig.texts == [
                "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n11\r\n0123456789abcdef0\r\n1\r\nx\r\n"
                    + "0\r\n\r\n"
            ])
    }

    @Test func `trailers follow the chunks, and TE is said anew`() {
        let rig = ServerRig()
        rig.send(.post(1, [("te", "trailers")]), .data(1, "x"))
        rig.send(.request(1, [("grpc-status", "0"), ("x-sum", "1")]))
        #expect(
            rig.texts == [
                "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n"
                    + "1\r\nx\r\n0\r\ngrpc-status: 0\r\nx-sum: 1\r\n\r\n"
            ])
    }

    @Test func `trailers behind a stated length are dropped`() {
        let rig = ServerRig()
        rig.send(.post(1, [("content-length", "1")]), .data(1, "x"), .request(1, [("x-sum", "1")]))
        #expect(rig.texts == ["POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nx"])
        #expect(rig.collect(Frame.reset).isEmpty)
    }

    @Test func `trailers that are announced follow chunks, in place of a stated length`() {
        let rig = ServerRig()
        rig.send(.post(1, [("a", "b"), ("content-length", "1"), ("trailer", "x-sum"), ("c", "d")]))
        rig.send(.data(1, "x"), .request(1, [("x-sum", "1")]))
        #expect(
            rig.texts == [
                "POST / HTTP/1.1\r\nhost: h\r\na: b\r\ntrailer: x-sum\r\nc: d\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "1\r\nx\r\n0\r\nx-sum: 1\r\n\r\n"
            ])
        rig.send(.request(3, Self.line + [("content-length", "0"), ("trailer", "x-sum")]))
        #expect(rig.texts[1] == "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\ntrailer: x-sum\r\n\r\n")
    }

    @Test func `cookie crumbs are joined`() {
        let rig = ServerRig()
        rig.send(
            .request(
                1,
                [
                    (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h"), ("cookie", "a=1"),
                    ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3"),
                ]))
        #expect(rig.texts == ["GET / HTTP/1.1\r\nhost: h\r\nx: y\r\ncookie: a=1; b=2; c=3\r\n\r\n"])
    }

    @Test func `a host that says the same as the authority is dropped, one alone is kept`() {
        let rig = ServerRig()
        let line = [(":method", "GET"), (":scheme", "http"), (":path", "/")]
        rig.send(.request(1, line + [(":authority", "Example.com"), ("host", "example.COM")]))
        rig.send(.request(3, line + [("host", "example.com")]))
        #expect(
            rig.texts == [
                "GET / HTTP/1.1\r\nhost: Example.com\r\n\r\n", "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n",
            ])
    }

    @Test func `CONNECT goes on as CONNECT, for the parser to refuse`() {
        let rig = ServerRig()
        rig.send(.request(1, [(":method", "CONNECT"), (":authority", "example.com:443")], isLast: false))
        #expect(rig.texts[0].hasPrefix("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n"))
    }

    /// Fields, and the error that the stream is reset with.
    static let malformed: [(String, [(String, String)])] = [
        ("no method", [(":scheme", "http"), (":path", "/"), (":authority", "h")]),
        ("no path", [(":method", "GET"), (":scheme", "http"), (":authority", "h")]),
        ("no scheme", [(":method", "GET"), (":path", "/"), (":authority", "h")]),
        ("neither authority nor host", [(":method", "GET"), (":scheme", "http"), (":path", "/")]),
        ("empty path", [(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "h")]),
        ("relative path", [(":method", "GET"), (":scheme", "http"), (":path", "x"), (":authority", "h")]),
        ("space in path", [(":method", "GET"), (":scheme", "http"), (":path", "/ HTTP/1.1"), (":authority", "h")]),
        ("CRLF in path", [(":method", "GET"), (":scheme", "http"), (":path", "/\r\nx: y"), (":authority", "h")]),
        ("space in method", [(":method", "GET /"), (":scheme", "http"), (":path", "/"), (":authority", "h")]),
        ("CRLF in authority", [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h\r\nx: y")]),
        ("space in authority", [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h x")]),
        ("other scheme", [(":method", "GET"), (":scheme", "ftp"), (":path", "/"), (":authority", "h")]),
        ("two methods", Self.line + [(":method", "GET")]),
        ("two paths", Self.line + [(":path", "/b")]),
        ("unknown pseudo field", Self.line + [(":color", "red")]),
        ("misspelt pseudo field", [(":method", "GET"), (":scheee", "http"), (":path", "/"), (":authority", "h")]),
        ("status", Self.line + [(":status", "200")]),
        ("protocol without CONNECT", Self.line + [(":protocol", "websocket")]),
        ("pseudo field behind a field", [(":method", "GET"), ("a", "b")] + Self.line.dropFirst()),
        ("upper case", Self.line + [("Accept", "x")]),
        ("space in name", Self.line + [("x y", "z")]),
        ("colon in name", Self.line + [("x:y", "z")]),
        ("empty name", Self.line + [("", "z")]),
        ("CRLF in value", Self.line + [("x", "y\r\nz: a")]),
        ("LF in value", Self.line + [("x", "y\nz: a")]),
        ("NUL in value", Self.line + [("x", "y\0z")]),
        ("space before value", Self.line + [("x", " y")]),
        ("connection", Self.line + [("connection", "close")]),
        ("keep-alive", Self.line + [("keep-alive", "timeout=5")]),
        ("proxy-connection", Self.line + [("proxy-connection", "close")]),
        ("transfer-encoding", Self.line + [("transfer-encoding", "chunked")]),
        ("upgrade", Self.line + [("upgrade", "websocket")]),
        ("te of another kind", Self.line + [("te", "gzip")]),
        ("other host", Self.line + [("host", "other")]),
        ("two lengths", Self.line + [("content-length", "0"), ("content-length", "0")]),
        ("length that is none", Self.line + [("content-length", "x")]),
        ("signed length", Self.line + [("content-length", "+0")]),
        ("tunnel with a length", Self.tunnel + [("content-length", "0")]),
        ("length without a body", Self.line + [("content-length", "1")]),
    ]

    static let tunnel = [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/"), (":authority", "h"),
    ]
    static let line = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h")]

    @Test func `a tunnel may be ended with its request`() {
        let rig = ServerRig()
        rig.send(.request(1, Self.tunnel))
        #expect(rig.events == ["opened 0", "ended 0"])
    }

    @Test func `a tunnel has one key, which is ours`() {
        let rig = ServerRig()
        rig.send(
            .request(1, Self.tunnel + [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("x", "y")], isLast: false))
        #expect(rig.texts[0].hasPrefix("GET / HTTP/1.1\r\nhost: h\r\nx: y\r\n"))
        #expect(rig.texts[0].split(separator: "sec-websocket-key").count == 2)
        #expect(!rig.texts[0].contains("dGhlIHNhbXBsZSBub25jZQ=="))
    }

    @Test func `a head that is half there is counted until it is whole or its connection ends`() {
        let rig = ServerRig()
        var frame = Frame.get(1)
        frame.flags = Frame.endStream
        frame.payload += Frame.block([("x", String(repeating: "y", count: 5000))])
        rig.send(frame)
        #expect((5000..<5100).contains(rig.multiplexer.lentBytes))
        #expect(rig.session.pointee.isWithinHead && rig.session.pointee.headCount == 1)
        rig.send(Frame(type: Frame.continuation, flags: Frame.endHeaders, stream: 1))
        #expect(rig.multiplexer.lentBytes == 0)
        #expect(!rig.session.pointee.isWithinHead)
        #expect(rig.texts.count == 1)
        let other = rig.multiplexer.openServer(owner: 8)!
        let bytes = Frame.preface + Frame.settings().bytes + frame.bytes
        _ = bytes.withUnsafeBytes { rig.multiplexer.receive(other, $0, now: rig.now) }
        #expect(rig.multiplexer.lentBytes > 5000)
        rig.multiplexer.close(other)
        #expect(rig.multiplexer.lentBytes == 0)
    }

    @Test(arguments: malformed.indices) func `a malformed head is reset and never told`(_ index: Int) {
        let (name, fields) = Self.malformed[index]
        let rig = ServerRig()
        rig.send(.request(1, fields))
        #expect(!rig.session.pointee.isWithinHead, "\(name)")
        #expect(rig.multiplexer.lentBytes == 0, "\(name)")
        rig.send(.get(3))
        #expect(rig.texts == ["GET / HTTP/1.1\r\nhost: h\r\n\r\n"], "\(name)")
        let resets = rig.collect(Frame.reset)
        #expect(resets.map(\.stream) == [1], "\(name)")
        #expect(resets.map(\.error) == [1], "\(name)")
    }

    @Test(arguments: malformed.indices) func `the text of a malformed head is nobody else's`(_ index: Int) {
        let (name, fields) = Self.malformed[index]
        let rig = ServerRig()
        rig.send(
            .post(1, [("content-length", "4")]), .data(1, "bo"), .request(3, fields), .data(1, "dy", isLast: true),
            .request(5, Self.line + [("cookie", "a=1")] + fields.suffix(1)),
            .request(7, Self.line + [("cookie", "b=2")]))
        #expect(
            rig.texts.filter { !$0.contains("a=1") } == [
                "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody",
                "GET / HTTP/1.1\r\nhost: h\r\ncookie: b=2\r\n\r\n",
            ], "\(name)")
    }

    @Test func `a malformed head of which more is to come is half there`() {
        for field in [(":color", "red"), ("connection", "close")] {
            let rig = ServerRig()
            let block = Frame.block(Self.line + [field])
            rig.send(.get(1), Frame(type: Frame.headers, flags: Frame.endStream, stream: 3, payload: block))
            #expect(rig.session.pointee.isWithinHead && rig.session.pointee.headCount == 2)
            #expect(rig.multiplexer.lentBytes == 0)
            rig.send(Frame(type: Frame.continuation, stream: 3, payload: Frame.block([("x", "y")])))
            #expect(rig.session.pointee.isWithinHead)
            rig.send(Frame(type: Frame.continuation, flags: Frame.endHeaders, stream: 3))
            // libnghttp2 tells of nothing before the next one.
            rig.send(.get(5))
            #expect(!rig.session.pointee.isWithinHead)
            #expect(rig.texts.count == 2)
        }
    }

    @Test func `trailers that go nowhere end their stream, whatever is in them`() {
        let rig = ServerRig()
        rig.send(.request(1, Self.tunnel, isLast: false), .request(1, [("x y", "z")]))
        #expect(rig.events == ["opened 0", "ended 0"])
    }

    @Test func `a head that ends as its stream is reset leaves nothing behind`() {
        let rig = ServerRig()
        rig.send(.post(1, [("a", "b"), ("trailer", "x-sum")]))
        let trailers = Frame.block([("x-sum", String(repeating: "1", count: 2000))])
        rig.send(Frame(type: Frame.headers, flags: Frame.endStream, stream: 1, payload: Array(trailers[..<1000])))
        rig.release(0, isFailure: true)
        _ = rig.collect()
        rig.send(Frame(type: Frame.continuation, flags: Frame.endHeaders, stream: 1, payload: Array(trailers[1000...])))
        #expect(!rig.session.pointee.isWithinHead)
        #expect(rig.multiplexer.lentBytes == 0)
        rig.send(.get(3))
        #expect(rig.texts.last == "GET / HTTP/1.1\r\nhost: h\r\n\r\n")
    }

    @Test func `a body that is not of the stated length breaks the stream`() {
        for body in ["012", "0123456"] {
            let rig = ServerRig()
            rig.send(.post(1, [("content-length", "5")]), .data(1, body, isLast: true))
            #expect(!rig.texts[0].hasSuffix("0123456"))
            #expect(rig.collect(Frame.reset).map(\.error) == [1])
            #expect(rig.events == ["opened 0", "broken 0"])
        }
    }

    @Test func `heads read the same however they are cut`() {
        let fields =
            Self.line + [("cookie", "a=1"), ("x-long", String(repeating: "y", count: 300)), ("cookie", "b=2")]
        let block = Frame.block(fields)
        let whole = ServerRig()
        whole.send(.request(1, fields))
        let cut = ServerRig()
        cut.send(
            Frame(type: Frame.headers, flags: Frame.endStream, stream: 1, payload: Array(block[..<100])),
            Frame(type: Frame.continuation, stream: 1, payload: Array(block[100..<101])),
            Frame(type: Frame.continuation, flags: Frame.endHeaders, stream: 1, payload: Array(block[101...])))
        let dripped = ServerRig()
        for byte in Frame.request(1, fields).bytes { dripped.send([byte]) }
        #expect(whole.texts[0].contains("cookie: a=1; b=2\r\n"))
        #expect(cut.texts == whole.texts)
        #expect(dripped.texts == whole.texts)
    }

    @Test func `two connections whose heads interleave do not mix`() {
        let multiplexed = ServerRig()
        let other = multiplexed.multiplexer.openServer(owner: 8)!
        defer { multiplexed.multiplexer.close(other) }
        let bytes = Frame.request(1, Self.line + [("cookie", "a=1"), ("x", "1"), ("cookie", "b=2")]).bytes
        let prologue = Frame.preface + Frame.settings().bytes
        _ = prologue.withUnsafeBytes { multiplexed.multiplexer.receive(other, $0, now: multiplexed.now) }
        for byte in bytes {
            _ = [byte].withUnsafeBytes { multiplexed.multiplexer.receive(other, $0, now: multiplexed.now) }
            multiplexed.tell()
            multiplexed.send([byte])
        }
        let text = "GET / HTTP/1.1\r\nhost: h\r\nx: 1\r\ncookie: a=1; b=2\r\n\r\n"
        #expect(multiplexed.texts == [text, text])
    }

    @Test func `a head above the bound is cut, so that the parser sees it is too long`() {
        let rig = ServerRig()
        let value = String(repeating: "v", count: 16_000)
        let block = Frame.block(Self.line + (0..<5).map { ("x-\($0)", value) })
        var frames = [Frame(type: Frame.headers, flags: Frame.endStream, stream: 1, payload: Array(block[..<16_000]))]
        for start in stride(from: 16_000, to: block.count, by: 16_000) {
            let end = min(start + 16_000, block.count)
            frames.append(
                Frame(
                    type: Frame.continuation, flags: end == block.count ? Frame.endHeaders : 0, stream: 1,
                    payload: Array(block[start..<end])))
        }
        rig.send(frames.flatMap(\.bytes))
        #expect(rig.texts[0].utf8.count > 60 * 1024)
        #expect(rig.texts[0].utf8.count <= HTTP2Limits.headBytesMax + 64)
        #expect(!rig.texts[0].contains("\r\n\r\n"))
        // The connection goes on.
        rig.send(.get(3))
        #expect(rig.texts[1] == "GET / HTTP/1.1\r\nhost: h\r\n\r\n")
    }
}
