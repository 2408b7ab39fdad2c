// The chunked coding: cut anywhere it carries the same content and the same trailers; written anew it is one body with
// that content; and of the trailers only those go on that may, in lines that nobody can take for anything else.

import HTTPWire

/// What a body came to.
private struct Body: Equatable {
    var content: [UInt8] = []
    var trailers: [UInt8] = []
    /// `nil`: not ended.
    var used: Int?
    var fault: HeadError?
}

/// Decodes `bytes`, which come in pieces of at most `size`.
private func decode(_ bytes: UnsafeRawBufferPointer, inPiecesOf size: Int) -> Body {
    var decoder = ChunkedDecoder()
    var body = Body()
    var start = 0
    while start < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let event = withPrefix(rest, min(size, rest.count)) { piece in
            let event = decoder.next(in: piece)
            switch event {
            case .data(let range): body.content += piece[range]
            case .trailer(let range): body.trailers += piece[range]
            case .needMore, .end, .malformed: break
            }
            return event
        }
        switch event {
        case .data(let range), .trailer(let range):
            require(!range.isEmpty && range.upperBound <= rest.count, "\(range) of \(rest.count)")
            start += range.upperBound
        case .needMore(let consumed):
            require(consumed == min(size, rest.count), "\(consumed) of \(size) consumed")
            start += consumed
        case .end(let consumed):
            body.used = start + consumed
            require(start + consumed <= bytes.count, "ended behind the end")
            require(withPrefix(rest, 0) { decoder.next(in: $0) } == .end(consumed: 0), "not spent")
            return body
        case .malformed(let fault):
            body.fault = fault
            // How much of the section was told before the fault depends on the pieces; nobody uses it.
            body.trailers = []
            return body
        }
    }
    return body
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let whole = decode(bytes, inPiecesOf: .max)
    for size in [1, 2, 3, 7] { require(decode(bytes, inPiecesOf: size) == whole, "in pieces of \(size) it differs") }
    for cut in cuts(bytes.count) where cut > 3 {
        let first = decode(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), inPiecesOf: .max)
        if first.used != nil || first.fault != nil {
            require(first == whole, "cut at \(cut) it differs")
        } else {
            require(whole.content.starts(with: first.content), "cut at \(cut) there is other content")
        }
    }
    guard whole.used != nil else { return 0 }
    for origin in [TrailerSection.Origin.client, .backend] { checkAnew(whole, origin) }
    return 0
}

private func checkAnew(_ body: Body, _ origin: TrailerSection.Origin) {
    let capacity = body.content.count + 64 + TrailerSection.bytesMax(of: body.trailers.count)
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { room in
        var writer = ByteWriter(room)
        if !body.content.isEmpty {
            ChunkWriter.writeHead(size: body.content.count, into: &writer)
            body.content.withUnsafeBytes { writer.append($0) }
            writer.append(ChunkWriter.end)
        }
        writer.append("0\r\n")
        body.trailers.withUnsafeBytes { TrailerSection.write($0, from: origin, into: &writer) }
        writer.append("\r\n")
        require(!writer.isOverflowed, "outgrew \(capacity) bytes")
        let again = decode(writer.written, inPiecesOf: .max)
        // A section at its limit may pass it by the spaces behind the colons: then the next reader refuses it.
        if again.fault == .trailerTooLarge, body.trailers.count > WireLimits.trailerBytesMax / 2 { return }
        require(again.content == body.content && again.used == writer.count, "anew: \(again) of \(writer.count)")
        checkTrailers(again.trailers, origin)
    }
}

/// What was let through is let through again unchanged, and names nothing that frames, routes or authenticates.
private func checkTrailers(_ lines: [UInt8], _ origin: TrailerSection.Origin) {
    withUnsafeTemporaryAllocation(byteCount: 64 + TrailerSection.bytesMax(of: lines.count), alignment: 1) { room in
        var writer = ByteWriter(room)
        lines.withUnsafeBytes { TrailerSection.write($0, from: origin, into: &writer) }
        require(Array(writer.written) == lines, "the second time other trailers go on")
    }
    let text = String(decoding: lines, as: UTF8.self).lowercased()
    for line in text.split(separator: "\r\n") {
        for name in ["content-length:", "transfer-encoding:", "host:", "connection:", "authorization:", "cookie:"] {
            require(!line.hasPrefix(name), "\(name) went on")
        }
    }
}
