// What goes on to the backend, byte for byte.
// And the property that no rewritten head is unsound.

import HTTPWire
import Testing

/// The head for the backend, or `nil` when the input is refused or the writer too small.
func rewriteRequest(_ input: [UInt8], isTrusted: Bool = false, isEncrypted: Bool = false, capacity: Int = 8192)
    -> String?
{
    let context = (bytes("192.0.2.7"), bytes("0123456789abcdef0123456789abcdef"), bytes("fallback:1"))
    return withExactBytes(input) { source in
        withExactBytes(context.0) { client in
            withExactBytes(context.1) { id in
                withExactBytes(context.2) { host in
                    var parser = RequestHeadParser()
                    guard case .complete = parser.parse(source) else { return nil }
                    let forwarded = ForwardedContext(
                        clientAddress: client, requestID: parser.requestID.map { .init(rebasing: source[$0]) } ?? id,
                        fallbackHost: host, isEncrypted: isEncrypted, isPeerTrusted: isTrusted)
                    return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
                        var writer = ByteWriter(buffer)
                        HeadRewriter.writeRequest(from: source, head: parser, forwarded: forwarded, into: &writer)
                        guard !writer.isOverflowed else { return nil }
                        return text(writer.written, 0..<writer.count)
                    }
                }
            }
        }
    }
}

/// A request and the head that the backend must see, less the lines that are the same for all.
struct RewriteCase: CustomTestStringConvertible, Sendable {
    var input: String
    /// Up to the forwarding fields, without the last CRLF.
    var output: String
    var host = "h"
    var tail = ""
    var isTrusted = false

    var testDescription: String { input }

    static let plain: [RewriteCase] = [
        .init(input: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", output: "GET / HTTP/1.1\r\nHost: h"),
        .init(
            input: "GET /a?b HTTP/1.1\r\nAccept:*/*\r\nHost:h\r\nX:  y \r\nX:\ty\r\nX: y\t\r\nX:\r\nX: \r\n\r\n",
            output: "GET /a?b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nX: y\r\nX: y\r\nX: y\r\nX: \r\nX: "),
        .init(input: "MKCOL /a HTTP/1.1\r\nHost: h\r\n\r\n", output: "MKCOL /a HTTP/1.1\r\nHost: h"),
        .init(input: "\r\nGET / HTTP/1.9\r\nHost: h\r\n\r\n", output: "GET / HTTP/1.1\r\nHost: h"),
        // Targets
        .init(
            input: "GET http://x:81/a?b HTTP/1.1\r\nHost: h\r\n\r\n", output: "GET /a?b HTTP/1.1\r\nHost: x:81",
            host: "x:81"),
        .init(input: "GET http://x?b HTTP/1.1\r\nHost: h\r\n\r\n", output: "GET /?b HTTP/1.1\r\nHost: x", host: "x"),
        .init(input: "GET http://x HTTP/1.1\r\nHost: h\r\n\r\n", output: "GET / HTTP/1.1\r\nHost: x", host: "x"),
        .init(
            input: "OPTIONS http://x HTTP/1.1\r\nHost: h\r\n\r\n", output: "OPTIONS * HTTP/1.1\r\nHost: x", host: "x"),
        .init(
            input: "OPTIONS http://x/ HTTP/1.1\r\nHost: h\r\n\r\n", output: "OPTIONS / HTTP/1.1\r\nHost: x", host: "x"),
        .init(input: "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", output: "OPTIONS * HTTP/1.1\r\nHost: h"),
        // Hop by hop
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, x-a\r\nX-A: 1\r\nX-B: 2\r\nKeep-Alive: 5\r\n"
                + "Proxy-Connection: a\r\nTE: trailers\r\nTrailer: x\r\nProxy: p\r\nUpgrade: websocket\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h\r\nX-B: 2", tail: "TE: trailers\r\nConnection: TE\r\n"),
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nConnection: x-forwarded-for, x-forwarded-proto, x-forwarded-host, "
                + "x-real-ip, x-request-id, host, content-length, cookie, authorization\r\nCookie: c\r\n"
                + "Authorization: a\r\nContent-Length: 0\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h\r\nCookie: c\r\nAuthorization: a\r\nContent-Length: 0"),
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 1\r\nA-B_: 2\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h"),
        // Spoofed
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1\r\nX-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: evil\r\nX-Real-IP: 1\r\nForwarded: for=1\r\nX-Forwarded-Port: 1\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h"),
        // Framing
        .init(
            input: "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 007\r\n\r\n",
            output: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7"),
        .init(
            input: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:CHUNKED\r\n\r\n",
            output: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked"),
        .init(
            input: "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-CONTINUE\r\nContent-Length: 1\r\n\r\n",
            output: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue"),
        .init(
            input: "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", output: "POST / HTTP/1.1\r\nHost: h"),
        .init(
            input: "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n",
            output: "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 9"),
        // The next one is its last recipient, and would refuse it.
        .init(
            input: "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 1\r\n\r\n",
            output: "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0"),
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0"),
        // Upgrades
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade, x\r\nX: 1\r\n"
                + "Sec-WebSocket-Key: k\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: k",
            tail: "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        .init(
            input: "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade, http2-settings\r\n"
                + "HTTP2-Settings: k\r\n\r\n",
            output: "GET / HTTP/1.1\r\nHost: h"),
    ]
}

@Suite struct HeadRewriterTests {
    @Test(arguments: RewriteCase.plain)
    func `writes the head for the backend`(_ sample: RewriteCase) {
        let forwarded =
            "\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: \(sample.host)"
            + "\r\nX-Real-IP: 192.0.2.7\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
        #expect(rewriteRequest(bytes(sample.input)) == sample.output + forwarded + sample.tail + "\r\n")
    }

    @Test func `names the fallback host for an old client that names none`() {
        #expect(
            rewriteRequest(bytes("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
                == "GET / HTTP/1.1\r\nHost: fallback:1\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                + "X-Real-IP: 192.0.2.7\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n")
    }

    @Test func `keeps a good request id and replaces a bad one`() {
        let kept = rewriteRequest(bytes("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\n\r\n"))
        #expect(kept?.hasSuffix("\r\nX-Request-Id: mine-1\r\n\r\n") == true)
        let replaced = rewriteRequest(bytes("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a\"b\r\n\r\n"))
        #expect(replaced?.hasSuffix("\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n") == true)
        #expect(replaced?.contains("a\"b") == false)
    }

    @Test func `says https for an encrypted client`() {
        let output = rewriteRequest(bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), isEncrypted: true)
        #expect(output?.contains("\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n") == true)
    }

    @Test func `extends what a trusted peer forwards`() {
        let input =
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 2.2.2.2\r\n"
            + "X-Forwarded-Host: site\r\nX-Real-IP: 1.1.1.1\r\nForwarded: for=1\r\nX-Forwarded-Port: 443\r\n\r\n"
        #expect(
            rewriteRequest(bytes(input), isTrusted: true)
                == "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: site\r\nX-Real-IP: 1.1.1.1\r\n"
                + "Forwarded: for=1\r\nX-Forwarded-Port: 443\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.7\r\n"
                + "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n")
    }

    @Test func `sets what a trusted peer does not forward`() {
        #expect(
            rewriteRequest(bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), isTrusted: true)
                == rewriteRequest(bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n")))
    }

    @Test func `never lets Connection take away a field of ours, even from a trusted peer`() {
        let input =
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, X-Forwarded-Proto, X-Real-IP\r\n"
            + "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n\r\n"
        let output = rewriteRequest(bytes(input), isTrusted: true)
        #expect(output?.contains("\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n") == true)
        #expect(output?.contains("\r\nX-Forwarded-Proto: https\r\n") == true)
        #expect(output?.contains("\r\nX-Real-IP: 192.0.2.7\r\n") == true)
    }

    @Test(arguments: RewriteCase.plain)
    func `writes nothing at all into a buffer that is too small`(_ sample: RewriteCase) {
        guard let output = rewriteRequest(bytes(sample.input)) else { return }
        let size = output.unicodeScalars.count
        for capacity in [0, 1, size / 2, size - 1] {
            #expect(rewriteRequest(bytes(sample.input), capacity: capacity) == nil)
        }
        #expect(rewriteRequest(bytes(sample.input), capacity: size) == output)
    }

    @Test func `never grows a head past the announced bound`() {
        let host = String(repeating: "h", count: 260)
        for fields in ["a:\r\n", "x-forwarded-for:\r\n", "X-Forwarded-For:1\r\n", "Max-Forwards:1\r\n"] {
            let input = bytes(
                "GET http://\(host) HTTP/1.1\r\nHost:h\r\n" + String(repeating: fields, count: 99) + "\r\n")
            for isTrusted in [false, true] {
                let output = rewriteRequest(input, isTrusted: isTrusted)?.unicodeScalars.count ?? .max
                // The context: an address of 9 bytes, an id of 32, a host of 10.
                #expect(output <= input.count + 100 + HeadRewriter.growthMax + 2 * (9 + 32 + 10))
            }
        }
    }

    @Test(arguments: RequestCase.all)
    func `writes only heads that are valid and framed once`(_ sample: RequestCase) {
        for isTrusted in [false, true] {
            let output = rewriteRequest(bytes(sample.head), isTrusted: isTrusted) ?? ""
            let isSound = withExactBytes(bytes(sample.head)) { input in
                var parser = RequestHeadParser()
                _ = parser.parse(input)
                return withExactBytes(bytes(output)) { isSoundRewrite($0, of: parser) }
            }
            #expect(isSound, "\(output)")
        }
    }
}

/// Whether `output` is one complete HTTP/1.1 head in origin or asterisk form, with one framing: that of `original`.
func isSoundRewrite(_ output: UnsafeRawBufferPointer, of original: borrowing RequestHeadParser) -> Bool {
    var rewritten = RequestHeadParser()
    if original.forwardsLeft == 1 { return rewritten.parse(output) == .malformed(.hopsExhausted) }
    guard rewritten.parse(output) == .complete(headLength: output.count), rewritten.isHTTP11,
        rewritten.targetForm != .absolute, rewritten.framing == original.framing,
        rewritten.isUpgrade == original.isUpgrade, rewritten.method == original.method
    else { return false }
    var framings = 0
    for index in 0..<rewritten.fieldCount {
        switch rewritten.field(index).role {
        case .contentLength, .transferEncoding: framings += 1
        case .nominated, .hopByHop, .underscored: return false
        default: break
        }
    }
    return framings == (original.framing == .none ? 0 : 1)
}
