// Which trailers go on, who asked for them, and what a message says about them in its head.

import HTTPWire
import Testing

@Suite struct TrailerTests {
    /// The lines that go on.
    private static func write(_ section: String, from origin: TrailerSection.Origin) -> String {
        withExactBytes(bytes(section)) { section in
            withUnsafeTemporaryAllocation(
                byteCount: TrailerSection.bytesMax(of: section.count), alignment: 1
            ) { room in
                var writer = ByteWriter(room)
                TrailerSection.write(section, from: origin, into: &writer)
                return text(writer.written, 0..<writer.count)
            }
        }
    }

    @Test func `writes every line anew`() {
        let section = "A:b\r\nC: \t d e \r\nGrpc-Status:\r\nX:Y: z\r\n"
        #expect(Self.write(section, from: .backend) == "A: b\r\nC: d e\r\nGrpc-Status: \r\nX: Y: z\r\n")
        #expect(Self.write("", from: .client) == "")
    }

    @Test(arguments: [
        "Transfer-Encoding", "Content-Length", "Host", "Connection", "Trailer", "TE", "Upgrade", "Keep-Alive", "Expect",
        "Max-Forwards", "Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "Proxy-Authenticate", "Range",
        "WWW-Authenticate", "Content-Type", "Content-Encoding", "Content-Range", "Content-Location", "Cache-Control",
        "If-None-Match", "If-Range", "Accept", "Accept-Encoding", "Pragma", "Age", "Date", "Expires", "Location",
        "Retry-After", "Vary", "Warning", "X-Forwarded-For", "X-Forwarded-Anything", "Forwarded", "X-Real-IP",
        "X-Request-Id", "Access-Control-Allow-Origin", "Strict-Transport-Security", "Sec-WebSocket-Key", "Origin",
        "X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Frame-Options", "Priority", "Allow",
    ])
    func `never lets through what frames, routes, authenticates or describes content`(_ name: String) {
        for origin in [TrailerSection.Origin.client, .backend] {
            for name in [name, name.lowercased(), name.uppercased()] {
                #expect(Self.write("\(name): a\r\nB: c\r\n", from: origin) == "B: c\r\n")
            }
        }
    }

    @Test(arguments: ["Content-Digest", "Content-MD5", "Server-Timing", "ETag", "Authentication-Info", "Agey", "Datex"])
    func `lets through what is made for trailers, and what it does not know`(_ name: String) {
        for origin in [TrailerSection.Origin.client, .backend] {
            #expect(Self.write("\(name): a\r\n", from: origin) == "\(name): a\r\n")
        }
    }

    @Test func `treats underscores as in the head`() {
        #expect(Self.write("A_B: c\r\n", from: .client) == "")
        #expect(Self.write("A_B: c\r\n", from: .backend) == "A_B: c\r\n")
    }

    // MARK: What heads say

    @Test(arguments: [
        ("TE: trailers", true), ("te:TRAILERS", true), ("TE: gzip, trailers", true), ("TE: gzip\r\nTE: trailers", true),
        ("TE: trailers;q=1", false), ("TE: trailer", false), ("TE:", false), ("A: trailers", false),
        ("Connection: TE", false),
    ])
    func `knows who takes trailers`(_ field: String, _ accepts: Bool) {
        withExactBytes(bytes("GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n")) { head in
            var parser = RequestHeadParser()
            _ = parser.parse(head)
            #expect(parser.acceptsTrailers == accepts)
            // The next head starts anew.
            _ = withExactBytes(bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) { parser.parse($0) }
            let acceptsStill = parser.acceptsTrailers
            #expect(!acceptsStill)
        }
        let old = rewriteRequest(bytes("GET / HTTP/1.0\r\nHost: h\r\n\(field)\r\n\r\n"))
        #expect(old?.contains("trailers\r\n") == (field == "A: trailers"))
    }

    @Test(arguments: [
        ("", true), ("Connection: close, keep-alive, upgrade, te\r\n", true), ("Connection: x\r\n", false),
        ("Connection: cookie\r\n", false),
    ])
    func `forwards no trailers where Connection takes fields away`(_ field: String, _ forwards: Bool) {
        let chunked = "Trailer: a\r\nTransfer-Encoding: chunked\r\n\(field)\r\n"
        let request = rewriteRequest(bytes("POST / HTTP/1.1\r\nHost: h\r\n\(chunked)"))
        #expect(request?.contains("Trailer: a\r\n") == forwards)
        withExactBytes(bytes("HTTP/1.1 200 OK\r\n\(chunked)")) { head in
            var parser = ResponseHeadParser()
            _ = parser.parse(head, answering: .get)
            #expect(parser.forwardsTrailers == forwards)
        }
    }

    @Test(arguments: [
        ("Keep-Alive: timeout=5, max=100", 5), ("keep-alive: max=9, Timeout=2", 2), ("Keep-Alive: timeout=0", 0),
        ("Keep-Alive: timeout=7\r\nKeep-Alive: timeout=3", 3), ("Keep-Alive: timeout=18446744073709551616", nil),
        ("Keep-Alive: timeout", nil), ("Keep-Alive: timeout=", nil), ("Keep-Alive: timeout=-1", nil),
        ("Keep-Alive: timeouts=1", nil), ("Keep-Alive: 5", nil), ("Keep-Alive:", nil), ("A: timeout=5", nil),
    ])
    func `reads how long a backend keeps idle connections`(_ field: String, _ seconds: UInt64?) {
        withExactBytes(bytes("HTTP/1.1 200 OK\r\n\(field)\r\nContent-Length: 0\r\n\r\n")) { head in
            var parser = ResponseHeadParser()
            _ = parser.parse(head, answering: .get)
            #expect(parser.idleSeconds == seconds)
            _ = withExactBytes(bytes("HTTP/1.1 204 No\r\n\r\n")) { parser.parse($0, answering: .get) }
            #expect(parser.idleSeconds == nil)
        }
    }
}
