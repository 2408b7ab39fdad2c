// What the response parser makes of backends' heads, good and bad.
// Whole, at every split, and with another connection's head in between.

import HTTPWire
import Testing

/// A response head, the request it answers, and what the parser must say of it.
struct ResponseCase: CustomTestStringConvertible, Sendable {
    var head: String
    var method = Method.get
    var isUpgrade = false
    /// The facts of a complete head, or the label of the fault.
    var facts: String
    var fields: [String] = []

    var testDescription: String { "\(method) \(head)" }

    private init(_ head: String, _ facts: String, _ fields: [String] = [], to method: Method, isUpgrade: Bool) {
        self.head = head
        self.facts = facts
        self.fields = fields
        self.method = method
        self.isUpgrade = isUpgrade
    }

    private static func `case`(
        _ head: String, _ facts: String, _ fields: [String] = [], to method: Method = .get, isUpgrade: Bool = false
    ) -> ResponseCase {
        ResponseCase(head, facts, fields, to: method, isUpgrade: isUpgrade)
    }

    static let good: [ResponseCase] = [
        `case`("HTTP/1.1 200 OK\r\n\r\n", "200 [200 OK] 1.1 untilClose close"),
        `case`("HTTP/1.1 200 \r\n\r\n", "200 [200 ] 1.1 untilClose close"),
        `case`("HTTP/1.1 200\r\n\r\n", "200 [200] 1.1 untilClose close"),
        `case`("HTTP/1.1 299 a\tb \u{e4}\r\n\r\n", "299 [299 a\tb \u{e4}] 1.1 untilClose close"),
        `case`(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 [200 OK] 1.1 length(5) keep",
            ["Content-Length=5 (contentLength)"]),
        `case`(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404 [404 Not Found] 1.1 length(0) keep",
            ["Content-Length=0 (contentLength)"]),
        `case`(
            "HTTP/1.1 599 X\r\ncontent-length: 1\r\n\r\n", "599 [599 X] 1.1 length(1) keep",
            ["content-length=1 (contentLength)"]),
        `case`(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", "200 [200 OK] 1.1 chunked keep",
            ["Transfer-Encoding=Chunked (transferEncoding)"]),
        `case`(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            "200 [200 OK] 1.1 chunked close",
            ["Transfer-Encoding=chunked (transferEncoding)", "Connection=close (connection)"]),
        `case`(
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "200 [200 OK] 1.0 length(5) close",
            ["Content-Length=5 (contentLength)"]),
        `case`(
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
            "200 [200 OK] 1.0 length(5) keep",
            ["Content-Length=5 (contentLength)", "Connection=keep-alive (connection)"]),
        `case`(
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", "200 [200 OK] 1.0 untilClose close",
            ["Connection=keep-alive (connection)"]),
        `case`("HTTP/1.9 200 OK\r\n\r\n", "200 [200 OK] 1.1 untilClose close"),
        // RFC 9112 §6.3, rule 1: these end with their head.
        `case`(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 [200 OK] 1.1 none keep unsent=5",
            ["Content-Length=5 (contentLength)"], to: .head),
        `case`(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 [200 OK] 1.1 none keep",
            ["Transfer-Encoding=chunked (transferEncoding)"], to: .head),
        `case`("HTTP/1.1 200 OK\r\n\r\n", "200 [200 OK] 1.1 none keep", to: .head),
        `case`("HTTP/1.1 204 No Content\r\n\r\n", "204 [204 No Content] 1.1 none keep"),
        `case`(
            "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 [204 No Content] 1.1 none keep",
            ["Content-Length=0 (contentLength)"]),
        `case`(
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 [204 No Content] 1.1 none close",
            ["Content-Length=5 (contentLength)"]),
        `case`(
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "204 [204 No Content] 1.1 none close",
            ["Transfer-Encoding=chunked (transferEncoding)"]),
        `case`("HTTP/1.1 304 Not Modified\r\n\r\n", "304 [304 Not Modified] 1.1 none keep"),
        `case`(
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 [304 Not Modified] 1.1 none keep unsent=9",
            ["Content-Length=9 (contentLength)"]),
        `case`("HTTP/1.1 100 Continue\r\n\r\n", "100 [100 Continue] 1.1 none keep interim"),
        `case`(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "103 [103 Early Hints] 1.1 none keep interim",
            ["Link=</a>"]),
        `case`(
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "101 [101 Switching] 1.1 none keep switch",
            ["Upgrade=websocket (upgrade)", "Connection=Upgrade (connection)"], isUpgrade: true),
        `case`(
            "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", "205 [205 Reset] 1.1 length(0) keep",
            ["Content-Length=0 (contentLength)"]),
        `case`(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: set-cookie, x\r\nX: 1\r\nA_B: 2\r\n\r\n",
            "200 [200 OK] 1.1 untilClose close",
            [
                "Set-Cookie=a (protected)", "Set-Cookie=b (protected)", "Connection=set-cookie, x (connection)",
                "X=1 (nominated)", "A_B=2 (underscored)",
            ]),
    ]

    static let bad: [ResponseCase] = [
        `case`("\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/2.0 200 OK\r\n\r\n", "bad_status_line"),
        `case`("http/1.1 200 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1  200 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 2OO OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 20\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 099 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 600 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 +20 OK\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1\t200 OK\r\n\r\n", "bad_status_line"),
        `case`("200 OK\r\n\r\n", "bad_status_line"),
        `case`("<html>\r\n\r\n", "bad_status_line"),
        `case`("HTTP/1.1 200 OK\n\n", "bare_lf"),
        `case`("HTTP/1.1 200 OK\r\nA: b\n\r\n", "bare_lf"),
        `case`("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "bare_cr"),
        `case`("HTTP/1.1 200 OK\r\nA: \u{0}\r\n\r\n", "control_byte"),
        `case`("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded_field"),
        `case`("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "bad_field_name"),
        `case`("HTTP/1.1 200 OK\r\nbroken\r\n\r\n", "bad_field_name"),
        `case`("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "te_and_cl"),
        `case`("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "te_and_cl", to: .head),
        `case`("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "duplicate_content_length"),
        `case`("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "duplicate_content_length"),
        `case`("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad_content_length"),
        `case`("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unsupported_transfer_encoding"),
        `case`("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "bad_transfer_encoding"),
        `case`("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "te_in_http10"),
        `case`("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", "body_on_interim"),
        `case`("HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n", "body_on_interim"),
        `case`("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", "unexpected_upgrade"),
        `case`("HTTP/1.1 101 Switching\r\n\r\n", "unexpected_upgrade", isUpgrade: true),
        `case`("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", "unexpected_upgrade", isUpgrade: true),
        `case`("HTTP/1.0 101 Switching\r\nUpgrade: x\r\n\r\n", "unexpected_upgrade", isUpgrade: true),
        `case`("HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n", "bad_connection"),
    ]
}

@Suite struct ResponseHeadTests {
    @Test(arguments: ResponseCase.good)
    func `reads a head`(_ sample: ResponseCase) {
        let input = bytes(sample.head)
        let outcome = parseResponse(input + [1, 10], answering: sample.method, isUpgrade: sample.isUpgrade)
        #expect(outcome.parse == .complete(headLength: input.count))
        #expect(outcome.facts == sample.facts)
        #expect(outcome.fields == sample.fields)
    }

    @Test(arguments: ResponseCase.bad)
    func `refuses a malformed head`(_ sample: ResponseCase) {
        let outcome = parseResponse(bytes(sample.head), answering: sample.method, isUpgrade: sample.isUpgrade)
        #expect(outcome.parse == HeadError(rawValue: sample.facts).map { .malformed($0) })
    }

    @Test(arguments: ResponseCase.good + ResponseCase.bad)
    func `reads a head alike wherever it is split`(_ sample: ResponseCase) {
        let input = bytes(sample.head)
        let whole = parseResponse(input, answering: sample.method, isUpgrade: sample.isUpgrade)
        for end in 0..<input.count {
            let first = parsePieces(of: input, to: sample, endingAt: [end])
            if case .complete = whole.parse { #expect(first.parse == .incomplete, "at \(end)") }
            #expect(parsePieces(of: input, to: sample, endingAt: [end, input.count]) == whole, "at \(end)")
        }
        #expect(parsePieces(of: input, to: sample, endingAt: Array(1...input.count)) == whole)
    }

    /// Parses a head that comes in pieces, with a parser that another connection uses in between.
    private func parsePieces(of input: [UInt8], to sample: ResponseCase, endingAt ends: [Int]) -> Outcome {
        var parser = ResponseHeadParser()
        var progress = HeadProgress()
        let other = bytes("HTTP/1.0 500 Other\r\nConnection: a, b\r\nA: 1\r\nB: 2\r\n\r\n")
        var last = Outcome(parse: .incomplete)
        for end in ends where last.parse == .incomplete {
            _ = withExactBytes(other) { parser.parse($0, answering: .get) }
            last = withExactBytes(input[..<end]) { bytes in
                let parse = parser.parse(
                    bytes, answering: sample.method, isUpgrade: sample.isUpgrade, resuming: &progress,
                    within: HeadLimits())
                return outcome(of: bytes, parse, parser)
            }
        }
        return last
    }

    @Test func `refuses a status line without end`() {
        let input = bytes("HTTP/1.1 200 " + String(repeating: "a", count: 200))
        #expect(parseResponse(input, within: HeadLimits(bytesMax: 128)).parse == .malformed(.badStatusLine))
    }

    @Test func `finds the final head behind interim ones`() {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        let final = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n"
        let input = bytes(interim + interim + final + "ok")
        withExactBytes(input) { bytes in
            var parser = ResponseHeadParser()
            var start = 0
            var statuses: [Int] = []
            while case .complete(let length) = parser.parse(
                UnsafeRawBufferPointer(rebasing: bytes[start...]), answering: .post)
            {
                statuses.append(parser.status)
                start += length
                if !parser.isInterim { break }
            }
            #expect(statuses == [100, 100, 201])
            #expect(text(bytes, start..<bytes.count) == "ok")
        }
    }
}
