// Where a head gets too big.
// Each limit exactly reached, and passed by one.

import HTTPWire
import Testing

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
