// Response heads. The first byte of an input says what was asked: method, upgrade, version and trailers of the client.

import HTTPWire

nonisolated(unsafe) private var parser = ResponseHeadParser()
nonisolated(unsafe) private var reader = ResponseHeadParser()
nonisolated(unsafe) private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1)
private let limits = HeadLimits(bytesMax: 8192, fieldsMax: 40)

/// All that the rest of the program goes by.
private struct Meaning: Equatable {
    var status: Int
    var framing: BodyFraming
    var unsentLength: UInt64?
    var isSwitch: Bool

    init(_ head: borrowing ResponseHeadParser) {
        status = head.status
        framing = head.framing
        unsentLength = head.unsentLength
        isSwitch = head.isSwitch
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let all = input(start, count)
    guard let choice = all.first else { return 0 }
    let bytes = UnsafeRawBufferPointer(rebasing: all[1...])
    let method: Method = choice & 1 == 0 ? .get : .head
    let isUpgrade = choice & 2 != 0
    let whole = parser.parse(bytes, answering: method, isUpgrade: isUpgrade, within: limits)
    let meaning = Meaning(parser)
    var progress = HeadProgress()
    var last = HeadParse.incomplete
    for end in cuts(bytes.count) where last == .incomplete {
        last = withPrefix(bytes, end) {
            reader.parse($0, answering: method, isUpgrade: isUpgrade, resuming: &progress, within: limits)
        }
    }
    if last == .incomplete {
        last = reader.parse(bytes, answering: method, isUpgrade: isUpgrade, resuming: &progress, within: limits)
    }
    require(last == whole, "in pieces \(last) and not \(whole)")
    guard case .complete(let length) = whole else { return 0 }
    require(Meaning(reader) == meaning, "in pieces it means something else")
    var ranges = [parser.statusText]
    for index in 0..<parser.fieldCount { ranges += [parser.field(index).name, parser.field(index).value] }
    for range in ranges { require(range.lowerBound >= 0 && range.upperBound <= length, "\(range) of \(length)") }
    checkRewritten(bytes, meaning, method: method, isUpgrade: isUpgrade, choice: choice)
    return 0
}

/// The client gets exactly one message that means the same, framed as announced.
private func checkRewritten(
    _ bytes: UnsafeRawBufferPointer, _ meaning: Meaning, method: Method, isUpgrade: Bool, choice: UInt8
) {
    let isHTTP11 = choice & 4 == 0
    let context = ResponseContext(
        requestID: constant("0123456789abcdef"), isHTTP11Client: isHTTP11, keepAlive: choice & 8 == 0,
        acceptsTrailers: choice & 16 != 0)
    var writer = ByteWriter(room)
    HeadRewriter.writeResponse(from: bytes, head: parser, context: context, into: &writer)
    let bound = parser.headLength + parser.fieldCount + HeadRewriter.growthMax + 16
    require(!writer.isOverflowed && writer.count <= bound, "grew to \(writer.count) of \(bound) bytes")
    let framing = HeadRewriter.downstreamFraming(of: parser, isHTTP11Client: isHTTP11)
    let parse = reader.parse(
        writer.written, answering: method, isUpgrade: isUpgrade, within: HeadLimits(bytesMax: 64 * 1024, fieldsMax: 60))
    require(parse == .complete(headLength: writer.count), "rewritten: \(parse) of \(writer.count)")
    var expected = meaning
    expected.framing = framing
    require(Meaning(reader) == expected, "rewritten: \(Meaning(reader)) and not \(expected)")
    if !parser.isInterim, !parser.isSwitch {
        require(reader.keepAlive == (context.keepAlive && framing != .untilClose), "the connection's end is wrong")
    }
    for index in 0..<reader.fieldCount {
        let role = reader.field(index).role
        require(![.nominated, .hopByHop, .keepAlive, .te].contains(role), "a \(role) field was forwarded")
    }
}
