// Request heads. Beyond traps and reads past the end: cut anywhere, a head means the same; what is accepted stands up to a
// slow reader of the same rules; and what goes to a backend is exactly one message, that means the same to whoever reads
// it next.

import HTTPWire

nonisolated(unsafe) private var parser = RequestHeadParser()
nonisolated(unsafe) private var reader = RequestHeadParser()
nonisolated(unsafe) private let room = (
    UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1),
    UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1)
)
private let limits = HeadLimits(bytesMax: 8192, fieldsMax: 40)

/// All that the rest of the program goes by.
private struct Meaning: Equatable {
    var method: [UInt8]
    var path: [UInt8]
    var query: [UInt8]
    var host: [UInt8]?
    var framing: BodyFraming
    var flags: [Bool]
    /// The next one may not forward it any more.
    var isLastHop: Bool

    init(_ head: borrowing RequestHeadParser, _ bytes: UnsafeRawBufferPointer) {
        method = Array(bytes[head.methodRange])
        path = Self.normal(head.path(in: bytes))
        query = Array(bytes[head.query])
        host = head.host.map { Array(bytes[$0]) }
        framing = head.framing
        isLastHop = head.forwardsLeft == 1
        flags = [
            head.keepAlive, head.isHTTP11, head.expectsContinue, head.isUpgrade, head.acceptsTrailers,
            head.forwardsTrailers,
        ]
    }

    static func normal(_ path: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: path.count) { buffer, count in
            guard path.first == 0x2F else {
                _ = buffer.initialize(from: path)
                count = path.count
                return
            }
            count = NormalPath.normalise(path, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let whole = parser.parse(bytes, within: limits)
    checkCuts(bytes, whole)
    guard case .complete(let length) = parser.parse(bytes, within: limits) else { return 0 }
    checkRanges(bytes, length)
    if let fault = PlainHead(bytes[..<length]).disagreement(with: parser) { require(false, fault) }
    for isTrusted in [false, true] {
        let first = rewrite(bytes, isTrusted, room.0)
        let meaning = Meaning(parser, bytes)
        checkRewritten(first, meaning)
        // With its last hop used up, no proxy may forward it again (RFC 9110 §7.6.2), and we are one.
        if parser.forwardsLeft == 1 { continue }
        // Whoever comes behind us rewrites it again, and must not find another message in it.
        swap(&parser, &reader)
        let second = rewrite(first, isTrusted, room.1)
        checkRewritten(second, Meaning(parser, first))
        require(parser.parse(bytes, within: limits) == .complete(headLength: length), "the head changed")
    }
    return 0
}

/// In pieces of any size the outcome is the same, and comes no later than with the last byte of the head.
private func checkCuts(_ bytes: UnsafeRawBufferPointer, _ whole: HeadParse) {
    let meaning: Meaning? = if case .complete = whole { Meaning(parser, bytes) } else { nil }
    var progress = HeadProgress()
    var last = HeadParse.incomplete
    for end in cuts(bytes.count) where last == .incomplete {
        last = withPrefix(bytes, end) { reader.parse($0, resuming: &progress, within: limits) }
    }
    if last == .incomplete { last = reader.parse(bytes, resuming: &progress, within: limits) }
    require(last == whole, "in pieces \(last) and not \(whole)")
    if let meaning { require(Meaning(reader, bytes) == meaning, "in pieces it means something else") }
}

private func checkRanges(_ bytes: UnsafeRawBufferPointer, _ length: Int) {
    var ranges = [parser.methodRange, parser.target, parser.path, parser.query]
    ranges += [parser.host ?? 0..<0, parser.requestID ?? 0..<0]
    for index in 0..<parser.fieldCount { ranges += [parser.field(index).name, parser.field(index).value] }
    for range in ranges { require(range.lowerBound >= 0 && range.upperBound <= length, "\(range) of \(length)") }
}

/// The head for the backend of what `parser` has read.
private func rewrite(
    _ bytes: UnsafeRawBufferPointer, _ isTrusted: Bool, _ room: UnsafeMutableRawBufferPointer
) -> UnsafeRawBufferPointer {
    var writer = ByteWriter(room)
    let id: StaticString = "0123456789abcdef"
    let context = ForwardedContext(
        clientAddress: constant("192.0.2.7"), requestID: constant(id), fallbackHost: constant("fallback:1"),
        isPeerTrusted: isTrusted)
    HeadRewriter.writeRequest(from: bytes, head: parser, forwarded: context, into: &writer)
    let bound = parser.headLength + parser.fieldCount + HeadRewriter.growthMax + 2 * (9 + 16 + 10)
    require(!writer.isOverflowed && writer.count <= bound, "grew to \(writer.count) of \(bound) bytes")
    return writer.written
}

/// Reads with `reader` what was written, which must be one message of that meaning.
private func checkRewritten(_ bytes: UnsafeRawBufferPointer, _ meaning: Meaning) {
    let parse = reader.parse(bytes, within: HeadLimits(bytesMax: 64 * 1024, fieldsMax: 60))
    if meaning.isLastHop {
        require(parse == .malformed(.hopsExhausted), "the last hop is not the last: \(parse)")
        return
    }
    require(parse == .complete(headLength: bytes.count), "rewritten: \(parse) of \(bytes.count)")
    var expected = meaning
    // What the way to a backend changes.
    expected.host = meaning.host ?? Array("fallback:1".utf8)
    expected.flags[0] = true
    expected.flags[1] = true
    expected.flags[5] = meaning.framing == .chunked
    if expected.path == [0x2F], meaning.method == Array("OPTIONS".utf8), meaning.query.isEmpty, bytes[8] == 0x2A {
        expected.path = [0x2A]
    }
    let found = Meaning(reader, bytes)
    // One hop fewer.
    expected.isLastHop = found.isLastHop
    require(found == expected, "rewritten: \(found) and not \(expected)")
    require(Array(reader.path(in: bytes)).elementsEqual(bytes[reader.path]), "the path is not where it is")
    for index in 0..<reader.fieldCount {
        let role = reader.field(index).role
        require(
            ![.nominated, .underscored, .hopByHop, .keepAlive].contains(role), "a \(role) field was forwarded")
    }
    // No line but the last is empty, and every LF is the end of a line.
    for offset in bytes.indices where bytes[offset] == 0x0A {
        require(offset > 0 && bytes[offset - 1] == 0x0D, "a bare LF at \(offset)")
        let isEmpty = offset >= 3 && bytes[offset - 2] == 0x0A
        require(!isEmpty || offset == bytes.count - 1, "an empty line at \(offset)")
    }
}
