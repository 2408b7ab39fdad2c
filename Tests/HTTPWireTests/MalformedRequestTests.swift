// Everything the border refuses, and with what status.
// The messages are in `Tests/Fixtures`.

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
