// What goes back to the client, byte for byte.
// And the property that every rewritten head is framed as announced.

import HTTPWire
import Testing

/// The head for the client, or `nil` when the input is refused or the writer too small.
func rewriteResponse(
    _ input: [UInt8], answering method: Method = .get, isUpgrade: Bool = false, isHTTP11: Bool = true,
    keepAlive: Bool = true, capacity: Int = 8192
) -> String? {
    withExactBytes(input) { source in
        withExactBytes(bytes("id-1")) { id in
            var parser = ResponseHeadParser()
            guard case .complete = parser.parse(source, answering: method, isUpgrade: isUpgrade) else { return nil }
            return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
                var writer = ByteWriter(buffer)
                let context = ResponseContext(requestID: id, isHTTP11Client: isHTTP11, keepAlive: keepAlive)
                HeadRewriter.writeResponse(from: source, head: parser, context: context, into: &writer)
                return writer.isOverflowed ? nil : text(writer.written, 0..<writer.count)
            }
        }
    }
}

@Suite struct ResponseRewriterTests {
    private let ok = "HTTP/1.1 200 OK\r\n"

    @Test func `keeps the status, the fields and the length`() {
        let input = ok + "Server:x\r\nContent-Length: 3\r\nSet-Cookie: a\r\nA_B: c\r\n\r\n"
        #expect(
            rewriteResponse(bytes(input))
                == ok + "Server: x\r\nSet-Cookie: a\r\nA_B: c\r\nContent-Length: 3\r\nX-Request-Id: id-1\r\n\r\n")
    }

    @Test func `leaves out what is hop by hop or ours to say`() {
        let input =
            ok + "Connection: close, x-a, set-cookie\r\nX-A: 1\r\nKeep-Alive: 5\r\nTrailer: t\r\nUpgrade: h2\r\n"
            + "X-Request-Id: theirs\r\nSet-Cookie: a\r\nContent-Length: 3\r\n\r\n"
        #expect(
            rewriteResponse(bytes(input)) == ok + "Set-Cookie: a\r\nContent-Length: 3\r\nX-Request-Id: id-1\r\n\r\n")
    }

    @Test func `completes a status line without reason`() {
        #expect(rewriteResponse(bytes("HTTP/1.0 204\r\n\r\n")) == "HTTP/1.1 204 \r\nX-Request-Id: id-1\r\n\r\n")
    }

    @Test func `chunks anew for a 1.1 client and closes for a 1.0 client`() {
        for input in [ok + "Transfer-Encoding: chunked\r\n\r\n", ok + "\r\n"] {
            #expect(
                rewriteResponse(bytes(input)) == ok + "Transfer-Encoding: chunked\r\nX-Request-Id: id-1\r\n\r\n")
            #expect(
                rewriteResponse(bytes(input), isHTTP11: false)
                    == ok + "X-Request-Id: id-1\r\nConnection: close\r\n\r\n")
        }
    }

    @Test func `says whether the connection goes on, in the client's manner`() {
        let input = bytes(ok + "Content-Length: 3\r\n\r\n")
        let head = ok + "Content-Length: 3\r\nX-Request-Id: id-1\r\n"
        #expect(rewriteResponse(input, keepAlive: false) == head + "Connection: close\r\n\r\n")
        #expect(rewriteResponse(input, isHTTP11: false) == head + "Connection: keep-alive\r\n\r\n")
        #expect(rewriteResponse(input, isHTTP11: false, keepAlive: false) == head + "Connection: close\r\n\r\n")
    }

    @Test func `states the length of a body that is not sent, and no other framing`() {
        let input = ok + "Content-Length: 3\r\n\r\n"
        #expect(
            rewriteResponse(bytes(input), answering: .head) == ok + "Content-Length: 3\r\nX-Request-Id: id-1\r\n\r\n")
        let chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
        #expect(rewriteResponse(bytes(chunked), answering: .head) == ok + "X-Request-Id: id-1\r\n\r\n")
        #expect(
            rewriteResponse(bytes("HTTP/1.1 304 X\r\nContent-Length: 3\r\nETag: e\r\n\r\n"))
                == "HTTP/1.1 304 X\r\nETag: e\r\nContent-Length: 3\r\nX-Request-Id: id-1\r\n\r\n")
        #expect(
            rewriteResponse(bytes("HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n"))
                == "HTTP/1.1 204 X\r\nX-Request-Id: id-1\r\n\r\n")
    }

    @Test func `passes interim heads without a word of its own`() {
        #expect(
            rewriteResponse(bytes("HTTP/1.1 103 Hints\r\nLink: a\r\nConnection: close\r\n\r\n"), keepAlive: false)
                == "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n")
    }

    @Test func `passes the switch to a tunnel`() {
        let input = "HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
        #expect(
            rewriteResponse(bytes(input), isUpgrade: true)
                == "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: x\r\nX-Request-Id: id-1\r\nConnection: Upgrade\r\n"
                + "upgrade: websocket\r\n\r\n")
    }

    @Test(arguments: ResponseCase.good)
    func `writes only heads that are valid and framed as announced`(_ sample: ResponseCase) {
        for (isHTTP11, keepAlive) in [(true, true), (true, false), (false, true), (false, false)] {
            guard
                let output = rewriteResponse(
                    bytes(sample.head), answering: sample.method, isUpgrade: sample.isUpgrade, isHTTP11: isHTTP11,
                    keepAlive: keepAlive)
            else {
                Issue.record("nothing written")
                return
            }
            withExactBytes(bytes(sample.head)) { input in
                withExactBytes(bytes(output)) { bytes in
                    var original = ResponseHeadParser()
                    var rewritten = ResponseHeadParser()
                    _ = original.parse(input, answering: sample.method, isUpgrade: sample.isUpgrade)
                    let parse = rewritten.parse(bytes, answering: sample.method, isUpgrade: sample.isUpgrade)
                    let framing = HeadRewriter.downstreamFraming(of: original, isHTTP11Client: isHTTP11)
                    #expect(parse == .complete(headLength: bytes.count))
                    #expect(rewritten.framing == framing)
                    #expect(rewritten.status == original.status)
                    #expect(rewritten.unsentLength == original.unsentLength)
                    if !original.isInterim, !original.isSwitch {
                        #expect(rewritten.keepAlive == (keepAlive && framing != .untilClose))
                    }
                }
            }
        }
    }
}
