// Which trailers go on (RFC 9110 §6.5). Backends exist that merge trailers into the header section after everything was
// decided by the header section alone, so nothing may pass here that frames, routes, authenticates or describes content.
// Whether trailers are wanted at all is not decided here: see `HeadRewriter.passesTrailers` and
// `RequestHeadParser.forwardsTrailers`.

/// Writes trailer sections anew, without the fields that must not be trailers.
package enum TrailerSection {
    /// Whose trailers.
    package enum Origin {
        case client
        case backend
    }

    /// Most bytes that `write` makes of a section of `count` bytes: a line grows by a space at most, and has 4 bytes at
    /// least.
    package static func bytesMax(of count: Int) -> Int { count + count / 4 + 2 }

    /// Writes those fields of `section`, the lines that a `ChunkedDecoder` has passed, that may go on. Not the empty line
    /// behind them.
    package static func write(
        _ section: UnsafeRawBufferPointer, from origin: Origin, into writer: inout ByteWriter
    ) {
        var start = 0
        while start < section.count {
            var end = start
            while end < section.count, section[end] != 0x0D { end += 1 }
            var colon = start
            while colon < end, section[colon] != 0x3A { colon += 1 }
            let name = start..<colon
            if colon < end, isAllowed(name, in: section, from: origin) {
                writer.append(section, name)
                writer.append(": ")
                writer.append(section, ByteScan.trimmed(section, colon + 1..<end))
                writer.append("\r\n")
            }
            start = end + 2
        }
    }

    /// Whether a field of this name may be a trailer.
    ///
    /// Denied, by RFC 9110 §6.5.1 and the list of RFC 7230 §4.1.2: framing, routing, request modifiers, authentication,
    /// response control data, and how to process the content; also what we set ourselves, and what grants a browser
    /// rights. Allowed by name: digests, which are made for trailers (RFC 9530 §2). Names with an underscore are treated
    /// as in the header section.
    static func isAllowed(_ name: Range<Int>, in bytes: UnsafeRawBufferPointer, from origin: Origin) -> Bool {
        if name.contains(where: { bytes[$0] == 0x5F }) { return origin == .backend }
        guard FieldRole(of: name, in: bytes) == .endToEnd else { return false }
        func isCalled(_ text: StaticString) -> Bool { ByteScan.matches(bytes, name, text) }
        func begins(_ text: StaticString) -> Bool { ByteScan.hasPrefix(bytes, name, text) }
        if begins("content-") { return isCalled("content-digest") || isCalled("content-md5") }
        if begins("accept") || begins("access-control-") || begins("if-") || begins("proxy-") || begins("sec-") {
            return false
        }
        switch name.count {
        case 3: return !isCalled("age")
        case 4: return !isCalled("date") && !isCalled("vary")
        case 5: return !isCalled("range") && !isCalled("allow")
        case 6: return !isCalled("pragma") && !isCalled("origin")
        case 7: return !isCalled("expires") && !isCalled("warning")
        case 8: return !isCalled("location") && !isCalled("priority")
        case 11: return !isCalled("retry-after")
        case 13: return !isCalled("cache-control") && !isCalled("x-rewrite-url")
        case 14: return !isCalled("x-original-url")
        case 15: return !isCalled("x-frame-options")
        case 16: return !isCalled("www-authenticate")
        case 22: return !isCalled("x-http-method-override")
        case 25: return !isCalled("strict-transport-security")
        default: return true
        }
    }
}
