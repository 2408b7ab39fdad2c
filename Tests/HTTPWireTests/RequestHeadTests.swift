// What the request parser makes of heads that are right.
// Malformed ones are in `Tests/Fixtures/malformed-requests.txt`.

import HTTPWire
import Testing

/// A head and what the parser must say of it.
struct RequestCase: CustomTestStringConvertible, Sendable {
    var head: String
    var facts: String
    var fields: [String]

    init(_ head: String, _ facts: String, _ fields: [String] = []) {
        self.head = head
        self.facts = facts
        self.fields = fields
    }

    var testDescription: String { head }

    /// Heads of every kind; each is complete.
    static let all: [RequestCase] = targets + versions + hosts + bodies + connections + upgrades + values

    private static func get(_ fields: String, _ facts: String, _ expected: [String] = []) -> RequestCase {
        RequestCase(
            "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", "GET get origin [/] [/] [] 1.1 host=h \(facts)",
            ["Host=h (host)"] + expected)
    }

    private static func post(_ fields: String, _ facts: String, _ expected: [String] = []) -> RequestCase {
        RequestCase(
            "POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", "POST post origin [/] [/] [] 1.1 host=h \(facts)",
            ["Host=h (host)"] + expected)
    }

    private static func target(_ line: String, _ facts: String) -> RequestCase {
        RequestCase("\(line) HTTP/1.1\r\nHost: h\r\n\r\n", "\(facts) none keep", ["Host=h (host)"])
    }

    static let targets = [
        target("GET /", "GET get origin [/] [/] [] 1.1 host=h"),
        target("HEAD /a", "HEAD head origin [/a] [/a] [] 1.1 host=h"),
        target("PUT /a/b.c", "PUT put origin [/a/b.c] [/a/b.c] [] 1.1 host=h"),
        target("DELETE /a?", "DELETE delete origin [/a?] [/a] [?] 1.1 host=h"),
        target("PATCH /a?b=c", "PATCH patch origin [/a?b=c] [/a] [?b=c] 1.1 host=h"),
        target("OPTIONS /a?b?c", "OPTIONS options origin [/a?b?c] [/a] [?b?c] 1.1 host=h"),
        target("OPTIONS *", "OPTIONS options asterisk [*] [*] [] 1.1 host=h"),
        target("PROPFIND /", "PROPFIND other origin [/] [/] [] 1.1 host=h"),
        target("get /", "get other origin [/] [/] [] 1.1 host=h"),
        target("M-SEARCH /", "M-SEARCH other origin [/] [/] [] 1.1 host=h"),
        target("GETS /", "GETS other origin [/] [/] [] 1.1 host=h"),
        target("GET //x//", "GET get origin [//x//] [//x//] [] 1.1 host=h"),
        target("GET /a/../b", "GET get origin [/a/../b] [/a/../b] [] 1.1 host=h"),
        target("GET /%2F%41%c3%a4", "GET get origin [/%2F%41%c3%a4] [/%2F%41%c3%a4] [] 1.1 host=h"),
        target("GET /a?%zz\\%00", "GET get origin [/a?%zz\\%00] [/a] [?%zz\\%00] 1.1 host=h"),
        target("GET /{a|b}^`\"<>", "GET get origin [/{a|b}^`\"<>] [/{a|b}^`\"<>] [] 1.1 host=h"),
        target("GET /:@!$&'()*+,;=~", "GET get origin [/:@!$&'()*+,;=~] [/:@!$&'()*+,;=~] [] 1.1 host=h"),
        target("GET http://x/a?b", "GET get absolute [http://x/a?b] [/a] [?b] 1.1 host=x"),
        target("GET HTTPS://x:8443/", "GET get absolute [HTTPS://x:8443/] [/] [] 1.1 host=x:8443"),
        target("GET http://x", "GET get absolute [http://x] [] [] 1.1 host=x"),
        target("GET http://x?q", "GET get absolute [http://x?q] [] [?q] 1.1 host=x"),
        target("OPTIONS http://x", "OPTIONS options absolute [http://x] [] [] 1.1 host=x"),
        target("GET http://[::1]:80/", "GET get absolute [http://[::1]:80/] [/] [] 1.1 host=[::1]:80"),
    ]

    static let versions = [
        RequestCase("GET / HTTP/1.0\r\n\r\n", "GET get origin [/] [/] [] 1.0 host=- none close"),
        RequestCase("GET http://x/ HTTP/1.0\r\n\r\n", "GET get absolute [http://x/] [/] [] 1.0 host=x none close"),
        RequestCase(
            "GET / HTTP/1.0\r\nHost: h\r\n\r\n", "GET get origin [/] [/] [] 1.0 host=h none close", ["Host=h (host)"]),
        RequestCase(
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET get origin [/] [/] [] 1.0 host=- none keep",
            ["Connection=Keep-Alive (connection)"]),
        RequestCase(
            "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
            "GET get origin [/] [/] [] 1.0 host=- none close", ["Connection=keep-alive, close (connection)"]),
        RequestCase(
            "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "GET get origin [/] [/] [] 1.1 host=h none keep", ["Host=h (host)"]),
        RequestCase(
            "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET get origin [/] [/] [] 1.1 host=h none keep",
            ["Host=h (host)"]),
    ]

    static let hosts = ["a.b-c_d.example", "h:80", "h:", "h:65535", "127.0.0.1:1", "[::1]", "[fe80::1.2.3.4]:9", "H."]
        .map { host in
            RequestCase(
                "GET / HTTP/1.1\r\nhOST:\t\(host) \r\n\r\n", "GET get origin [/] [/] [] 1.1 host=\(host) none keep",
                ["hOST=\(host) (host)"])
        }

    static let bodies = [
        post("", "none keep"),
        post("Content-Length: 0\r\n", "length(0) keep", ["Content-Length=0 (contentLength)"]),
        post("content-length:5\r\n", "length(5) keep", ["content-length=5 (contentLength)"]),
        post("Content-Length: 0005\r\n", "length(5) keep", ["Content-Length=0005 (contentLength)"]),
        post(
            "Content-Length: 9223372036854775807\r\n", "length(9223372036854775807) keep",
            ["Content-Length=9223372036854775807 (contentLength)"]),
        post("Transfer-Encoding: chunked\r\n", "chunked keep", ["Transfer-Encoding=chunked (transferEncoding)"]),
        post("TRANSFER-ENCODING:CHUNKED \r\n", "chunked keep", ["TRANSFER-ENCODING=CHUNKED (transferEncoding)"]),
        post(
            "Expect: 100-Continue\r\nContent-Length: 1\r\n", "length(1) keep expect",
            ["Expect=100-Continue (expect)", "Content-Length=1 (contentLength)"]),
        post("Expect: 100-continue\r\n", "none keep", ["Expect=100-continue (expect)"]),
        post(
            "Content_Length: 7\r\nTransfer_Encoding: chunked\r\n", "none keep",
            ["Content_Length=7 (underscored)", "Transfer_Encoding=chunked (underscored)"]),
        RequestCase(
            "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: what\r\n\r\n",
            "POST post origin [/] [/] [] 1.0 host=- length(2) close",
            ["Content-Length=2 (contentLength)", "Expect=what (expect)"]),
        get("Content-Length: 3\r\n", "length(3) keep", ["Content-Length=3 (contentLength)"]),
    ]

    static let connections = [
        get("Connection: close\r\n", "none close", ["Connection=close (connection)"]),
        get("Connection: CLOSE, keep-alive\r\n", "none close", ["Connection=CLOSE, keep-alive (connection)"]),
        get("Connection:\r\n", "none keep", ["Connection= (connection)"]),
        get("Connection: ,, ,\r\n", "none keep", ["Connection=,, , (connection)"]),
        get(
            "Connection: x-mine\r\nX-Mine: 1\r\nX-Yours: 2\r\nx-mine: 3\r\n", "none keep",
            ["Connection=x-mine (connection)", "X-Mine=1 (nominated)", "X-Yours=2", "x-mine=3 (nominated)"]),
        get(
            "A: 1\r\nB: 2\r\nConnection: a\r\nConnection: B\r\n", "none keep",
            ["A=1 (nominated)", "B=2 (nominated)", "Connection=a (connection)", "Connection=B (connection)"]),
        get(
            "Connection: x-forwarded-for, x-request-id, authorization, host, cookie\r\nX-Request-Id: 7\r\n"
                + "X-Forwarded-For: 1\r\nAuthorization: b\r\nCookie: c\r\n", "none keep id=7",
            [
                "Connection=x-forwarded-for, x-request-id, authorization, host, cookie (connection)",
                "X-Request-Id=7 (requestID)", "X-Forwarded-For=1 (forwardedFor)", "Authorization=b (protected)",
                "Cookie=c (protected)",
            ]),
        get(
            "Keep-Alive: 5\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: x\r\nProxy: y\r\n", "none keep",
            [
                "Keep-Alive=5 (keepAlive)", "Proxy-Connection=close (hopByHop)", "TE=trailers (te)",
                "Trailer=x (trailer)", "Proxy=y (hopByHop)",
            ]),
    ]

    static let upgrades = [
        get(
            "Connection: Upgrade\r\nUpgrade: websocket\r\n", "none keep upgrade",
            ["Connection=Upgrade (connection)", "Upgrade=websocket (upgrade)"]),
        get(
            "Connection: keep-alive, upgrade\r\nUpgrade: a/1, b\r\n", "none keep upgrade",
            ["Connection=keep-alive, upgrade (connection)", "Upgrade=a/1, b (upgrade)"]),
        get("Upgrade: websocket\r\n", "none keep", ["Upgrade=websocket (upgrade)"]),
        get("Connection: upgrade\r\n", "none keep", ["Connection=upgrade (connection)"]),
        get(
            "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", "none keep",
            [
                "Connection=upgrade, http2-settings (connection)", "Upgrade=h2c (upgrade)",
                "HTTP2-Settings=AA (hopByHop)",
            ]),
        get(
            "Connection: upgrade\r\nUpgrade: websocket, TLS/1.3\r\n", "none keep",
            ["Connection=upgrade (connection)", "Upgrade=websocket, TLS/1.3 (upgrade)"]),
        get(
            "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n", "length(1) keep",
            ["Connection=upgrade (connection)", "Upgrade=websocket (upgrade)", "Content-Length=1 (contentLength)"]),
        RequestCase(
            "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET get origin [/] [/] [] 1.0 host=- none close",
            ["Connection=upgrade (connection)", "Upgrade=websocket (upgrade)"]),
    ]

    static let values = [
        get("X:\r\n", "none keep", ["X="]),
        get("X: \t \r\n", "none keep", ["X="]),
        get("X:a\r\n", "none keep", ["X=a"]),
        get("X: \t a\tb c \t\r\n", "none keep", ["X=a\tb c"]),
        get("X: \u{e4}\u{ff}\r\n", "none keep", ["X=\u{e4}\u{ff}"]),
        get("X: a:b:c\r\n", "none keep", ["X=a:b:c"]),
        get("!#$%&'*+-.^`|~9: t\r\n", "none keep", ["!#$%&'*+-.^`|~9=t"]),
        get(
            "X-Request-ID: aZ9._:-\r\n", "none keep id=aZ9._:-", ["X-Request-ID=aZ9._:- (requestID)"]),
        get("X-Request-Id: a b\r\n", "none keep", ["X-Request-Id=a b (requestID)"]),
        get("X-Request-Id:\r\n", "none keep", ["X-Request-Id= (requestID)"]),
        get(
            "X-Request-Id: a\r\nX-Request-Id: a\r\n", "none keep",
            ["X-Request-Id=a (requestID)", "X-Request-Id=a (requestID)"]),
        get(
            "Forwarded: for=x\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Proto: 2\r\nX-Forwarded-Host: 3\r\nX-Real-Ip: 4\r\n",
            "none keep",
            [
                "Forwarded=for=x (forwardedOther)", "X-Forwarded-Port=1 (forwardedOther)",
                "X-Forwarded-Proto=2 (forwardedProto)", "X-Forwarded-Host=3 (forwardedHost)", "X-Real-Ip=4 (realIP)",
            ]),
        get("Max-Forwards: 0\r\n", "none keep", ["Max-Forwards=0 (maxForwards)"]),
    ]
}

@Suite struct RequestHeadTests {
    @Test(arguments: RequestCase.all)
    func `reads a head`(_ sample: RequestCase) {
        let input = bytes(sample.head)
        let outcome = parseRequest(input)
        #expect(outcome.parse == .complete(headLength: input.count))
        #expect(outcome.facts == sample.facts)
        #expect(outcome.fields == sample.fields)
    }

    @Test(arguments: RequestCase.all)
    func `asks for more on every prefix of a head`(_ sample: RequestCase) {
        let input = bytes(sample.head)
        for end in 0..<input.count { #expect(parseRequest(Array(input[..<end])).parse == .incomplete, "at \(end)") }
    }

    @Test(arguments: RequestCase.all)
    func `reads a head alike wherever it is split`(_ sample: RequestCase) {
        let input = bytes(sample.head)
        let whole = parseRequest(input)
        for end in 1..<input.count { #expect(parseRequest(input, endingAt: [end, input.count]) == whole, "at \(end)") }
        #expect(parseRequest(input, endingAt: 1...input.count) == whole)
    }

    @Test(arguments: RequestCase.all)
    func `leaves what follows a head alone`(_ sample: RequestCase) {
        let head = bytes(sample.head)
        var expected = parseRequest(head)
        expected.parse = .complete(headLength: head.count)
        #expect(parseRequest(head + bytes("\u{0}\n\rGET ")) == expected)
    }

    @Test func `keeps a request id of 128 characters and no longer one`() {
        for (length, isKept) in [(128, true), (129, false)] {
            let id = String(repeating: "x", count: length)
            let facts = parseRequest(bytes("GET / HTTP/1.0\r\nX-Request-Id: \(id)\r\n\r\n")).facts
            #expect(facts.contains("id=") == isKept)
        }
    }

    @Test func `routes an absolute target without path by the root`() {
        withExactBytes(bytes("GET http://x HTTP/1.0\r\n\r\n")) { bytes in
            var parser = RequestHeadParser()
            _ = parser.parse(bytes)
            #expect(Array(parser.path(in: bytes)) == [0x2F])
        }
    }

    @Test func `starts again when the bytes got fewer than it remembers`() {
        var parser = RequestHeadParser()
        var progress = HeadProgress()
        let long = bytes("GET / HTTP/1.1\r\nHost: h\r\nX: ")
        _ = withExactBytes(long) { parser.parse($0, resuming: &progress, within: HeadLimits()) }
        let short = bytes("GET / HTTP/1.0\r\n\r\n")
        let parse = withExactBytes(short) { parser.parse($0, resuming: &progress, within: HeadLimits()) }
        #expect(parse == .complete(headLength: short.count))
    }
}
