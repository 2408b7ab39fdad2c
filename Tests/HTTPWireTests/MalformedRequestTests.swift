// Everything the border refuses, and with what status.

import HTTPWire
import Testing

@Suite struct MalformedRequestTests {
    @Test(arguments: MalformedCase.read("malformed-requests.txt"))
    func `refuses a malformed head with its status`(_ sample: MalformedCase) {
        guard case .malformed(let fault) = parseRequest(sample.bytes).parse else {
            Issue.record("\(sample.name) is not refused: \(parseRequest(sample.bytes))")
            return
        }
        #expect(fault.status == sample.status, "\(fault)")
    }

    @Test(arguments: MalformedCase.read("malformed-requests.txt"))
    func `refuses a malformed head alike when it comes byte by byte`(_ sample: MalformedCase) {
        let whole = parseRequest(sample.bytes)
        #expect(parseRequest(sample.bytes, endingAt: 1...sample.bytes.count) == whole)
    }

    @Test(arguments: MalformedCase.read("malformed-chunks.txt"))
    func `refuses a malformed chunked body after a good head`(_ sample: MalformedCase) {
        guard case .complete(let length) = parseRequest(sample.bytes).parse else {
            Issue.record("\(sample.name): the head is refused")
            return
        }
        let body = Array(sample.bytes[length...])
        guard case .malformed(let fault) = decode(body).end else {
            Issue.record("\(sample.name) is not refused: \(decode(body))")
            return
        }
        #expect(fault.status == sample.status, "\(fault)")
        #expect(decode(body, splitAt: Array(1..<body.count)).end == .malformed(fault))
    }

    /// Which fault, where several would give the same status.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "te_and_cl"),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "te_in_http10"),
        ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "duplicate_content_length"),
        ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", "bad_content_length"),
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "bad_transfer_encoding"),
        ("GET / HTTP/1.1\nHost: h\n\n", "bare_lf"),
        ("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", "bare_cr"),
        ("GET / HTTP/1.1\r\nX: a\u{0}b\r\n\r\n", "control_byte"),
        ("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "folded_field"),
        ("GET / HTTP/1.1\r\nX : a\r\n\r\n", "bad_field_name"),
        ("GET / HTTP/1.1\r\n\r\n", "missing_host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "duplicate_host"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "bad_host"),
        ("GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", "bad_host"),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "unsafe_path"),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_target"),
        ("GET /\r\n\r\n", "bad_request_line"),
        ("CONNECT a:1 HTTP/1.1\r\n", "method_refused"),
    ])
    func `names the fault for logs and metrics`(_ input: String, _ label: String) {
        guard case .malformed(let fault) = parseRequest(bytes(input)).parse else {
            Issue.record("not refused: \(parseRequest(bytes(input)))")
            return
        }
        #expect(fault.label == label)
    }

    @Test func `answers each fault with a client or server error`() {
        for fault in HeadError.allCases { #expect([400, 414, 417, 431, 501, 505].contains(fault.status)) }
    }
}

@Suite struct HeadLimitsTests {
    private let limits = HeadLimits(bytesMax: 128, fieldsMax: 3)

    /// A head of exactly `size` bytes.
    private func head(of size: Int) -> [UInt8] {
        let frame = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n"
        let padding = String(repeating: "a", count: size - frame.utf8.count)
        return bytes("GET / HTTP/1.1\r\nHost: h\r\nX: \(padding)\r\n\r\n")
    }

    @Test func `takes a head of exactly the limit and refuses one byte more`() {
        #expect(parseRequest(head(of: 128), within: limits).parse == .complete(headLength: 128))
        #expect(parseRequest(head(of: 129), within: limits).parse == .malformed(.headTooLarge))
        #expect(parseRequest(head(of: 129), endingAt: 1...129, within: limits).parse == .malformed(.headTooLarge))
    }

    @Test func `refuses an endless head as soon as the limit is reached`() {
        #expect(parseRequest(Array(head(of: 200).prefix(127)), within: limits).parse == .incomplete)
        #expect(parseRequest(Array(head(of: 200).prefix(128)), within: limits).parse == .malformed(.headTooLarge))
    }

    @Test func `tells an endless request line from an endless head`() {
        let line = bytes("GET /" + String(repeating: "a", count: 200))
        #expect(parseRequest(line, within: limits).parse == .malformed(.targetTooLong))
        #expect(parseRequest(line, endingAt: 1...200, within: limits).parse == .malformed(.targetTooLong))
        #expect(HeadError.targetTooLong.status == 414)
        #expect(HeadError.headTooLarge.status == 431)
    }

    @Test func `takes as many fields as allowed and refuses one more`() {
        let three = bytes("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n")
        let four = bytes("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n")
        #expect(parseRequest(three, within: limits).parse == .complete(headLength: three.count))
        #expect(parseRequest(four, within: limits).parse == .malformed(.tooManyFields))
    }

    @Test func `counts only the head against its limit and not what follows`() {
        let input = head(of: 100) + [UInt8](repeating: 0x0A, count: 1000)
        #expect(parseRequest(input, within: limits).parse == .complete(headLength: 100))
    }

    @Test func `takes a host of 260 bytes with its port and no longer one`() {
        for (length, isTaken) in [(256, true), (257, false)] {
            let host = String(repeating: "h", count: length) + ":123"
            let input = bytes("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(parseRequest(input).parse == (isTaken ? .complete(headLength: input.count) : .malformed(.badHost)))
        }
    }

    @Test func `serves a bigger limit than it was made for`() {
        let input = bytes("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: 1\r\n", count: 500) + "\r\n")
        withExactBytes(input) { bytes in
            var parser = RequestHeadParser(limits: limits)
            #expect(parser.parse(bytes, within: limits) == .malformed(.tooManyFields))
            let parse = parser.parse(bytes, within: HeadLimits(fieldsMax: 501))
            #expect(parse == .complete(headLength: input.count))
            #expect(parser.fieldCount == 501)
        }
    }
}
