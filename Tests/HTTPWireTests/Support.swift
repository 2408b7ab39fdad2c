// What the tests of this module share: bytes from escaped text, and heads as plain text that a table can state.
// No tests here.

@testable import HTTPWire

/// Calls `body` with a copy of `bytes` in memory of exactly their size, so that a sanitizer sees a read past the end.
func withExactBytes<R>(_ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return body(UnsafeRawBufferPointer(copy))
}

func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    // Bytes above 0x7f stay distinct characters.
    String(String.UnicodeScalarView(bytes[range].map { Unicode.Scalar($0) }))
}

/// One byte per scalar: `\u{ff}` is the byte 0xff.
func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8($0.value) }
}

/// What came out of a parser, with everything its accessors say, as text.
struct Outcome: Equatable, CustomStringConvertible {
    var parse: HeadParse
    /// Facts of a complete head; empty otherwise.
    var facts = ""
    /// `name=value` per field, with its role.
    var fields: [String] = []

    var description: String { "\(parse) \(facts) \(fields)" }
}

func outcome(of bytes: UnsafeRawBufferPointer, _ parse: HeadParse, _ parser: borrowing RequestHeadParser) -> Outcome {
    guard case .complete = parse else { return Outcome(parse: parse) }
    let facts = [
        text(bytes, parser.methodRange), "\(parser.method)", "\(parser.targetForm)",
        "[\(text(bytes, parser.target))]", "[\(text(bytes, parser.path))]", "[\(text(bytes, parser.query))]",
        parser.isHTTP11 ? "1.1" : "1.0", "host=" + (parser.host.map { text(bytes, $0) } ?? "-"),
        "\(parser.framing)", parser.keepAlive ? "keep" : "close", parser.expectsContinue ? "expect" : "",
        parser.isUpgrade ? "upgrade" : "", parser.requestID.map { "id=" + text(bytes, $0) } ?? "",
    ]
    let fields = (0..<parser.fieldCount).map { index in
        let field = parser.field(index)
        return "\(text(bytes, field.name))=\(text(bytes, field.value))"
            + (field.role == .endToEnd ? "" : " (\(field.role))")
    }
    return Outcome(parse: parse, facts: facts.filter { !$0.isEmpty }.joined(separator: " "), fields: fields)
}

func outcome(of bytes: UnsafeRawBufferPointer, _ parse: HeadParse, _ parser: borrowing ResponseHeadParser) -> Outcome {
    guard case .complete = parse else { return Outcome(parse: parse) }
    let facts = [
        "\(parser.status)", "[\(text(bytes, parser.statusText))]", parser.isHTTP11 ? "1.1" : "1.0", "\(parser.framing)",
        parser.keepAlive ? "keep" : "close", parser.unsentLength.map { "unsent=\($0)" } ?? "",
        parser.isInterim ? "interim" : "", parser.isSwitch ? "switch" : "",
    ]
    let fields = (0..<parser.fieldCount).map { index in
        let field = parser.field(index)
        return "\(text(bytes, field.name))=\(text(bytes, field.value))"
            + (field.role == .endToEnd ? "" : " (\(field.role))")
    }
    return Outcome(parse: parse, facts: facts.filter { !$0.isEmpty }.joined(separator: " "), fields: fields)
}

/// Parses a request head given whole.
func parseRequest(_ input: [UInt8], within limits: HeadLimits = HeadLimits()) -> Outcome {
    withExactBytes(input) { bytes in
        var parser = RequestHeadParser(limits: limits)
        let parse = parser.parse(bytes, within: limits)
        return outcome(of: bytes, parse, parser)
    }
}

/// Parses a response head given whole.
func parseResponse(
    _ input: [UInt8], answering method: Method = .get, isUpgrade: Bool = false, within limits: HeadLimits = HeadLimits()
) -> Outcome {
    withExactBytes(input) { bytes in
        var parser = ResponseHeadParser(limits: limits)
        let parse = parser.parse(bytes, answering: method, isUpgrade: isUpgrade, within: limits)
        return outcome(of: bytes, parse, parser)
    }
}

/// Parses a request head that comes in pieces ending at `ends` (ascending, the last one the whole), with a parser that
/// another connection uses in between.
func parseRequest(
    _ input: [UInt8], endingAt ends: some Sequence<Int>, within limits: HeadLimits = HeadLimits()
) -> Outcome {
    var parser = RequestHeadParser(limits: limits)
    var progress = HeadProgress()
    let other = bytes("GET /other HTTP/1.1\r\nHost: other\r\nConnection: a, b\r\nA: 1\r\nB: 2\r\n\r\n")
    var last = Outcome(parse: .incomplete)
    for end in ends {
        _ = withExactBytes(other) { parser.parse($0) }
        last = withExactBytes(input[..<end]) { bytes in
            let parse = parser.parse(bytes, resuming: &progress, within: limits)
            return outcome(of: bytes, parse, parser)
        }
        if last.parse != .incomplete { break }
    }
    return last
}

/// The body that `input` carries in chunks, and how it ended.
func decode(_ input: [UInt8], splitAt ends: [Int] = []) -> (body: [UInt8], end: ChunkEvent?) {
    var decoder = ChunkedDecoder()
    var body: [UInt8] = []
    var start = 0
    for end in ends + [input.count] {
        while start < end {
            let event = withExactBytes(input[start..<end]) { bytes in
                let event = decoder.next(in: bytes)
                if case .data(let range) = event { body += bytes[range] }
                return event
            }
            switch event {
            case .data(let range), .trailer(let range): start += range.upperBound
            case .needMore(let consumed): start += consumed
            case .end(let consumed): return (body, .end(consumed: start + consumed))
            case .malformed: return (body, event)
            }
        }
    }
    return (body, nil)
}
