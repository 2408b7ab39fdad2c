// `method SP target SP version` (RFC 9112 §3). Exactly one space each: §3 allows to read looser separators, we don't,
// since a target with a space in it then means different things to different readers.

/// A request line taken apart; offsets into the bytes of the head.
struct RequestLine {
    private(set) var method = Method.other
    private(set) var methodRange = 0..<0
    private(set) var target = 0..<0
    private(set) var form = TargetForm.origin
    private(set) var path = 0..<0
    private(set) var query = 0..<0
    /// Only from an absolute target.
    private(set) var authority: Range<Int>?
    private(set) var isHTTP11 = true
    /// The path has no escape and no segment that begins with a dot: it is its own normal form.
    private(set) var isPathPlain = true
    /// An absolute target with `https`.
    private(set) var isSchemeSecure = false

    /// Reads `line`, which holds no control byte but maybe tabs and is not empty.
    mutating func read(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> HeadError? {
        var offset = line.lowerBound
        while offset < line.upperBound, ByteScan.isIn(ByteClass.token, bytes[offset]) { offset &+= 1 }
        methodRange = line.lowerBound..<offset
        guard !methodRange.isEmpty, offset < line.upperBound, bytes[offset] == 0x20 else { return .badRequestLine }
        guard let method = Self.method(bytes, methodRange) else { return .methodRefused }
        self.method = method
        return readTarget(bytes, offset + 1, line.upperBound)
    }

    /// The method; `nil` for those refused. Case counts (RFC 9110 §9.1).
    ///
    /// CONNECT would make us an open relay. TRACE shows a client what came through us, credentials included, and a front
    /// door has no use for it (§9.3.8).
    private static func method(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Method? {
        func isCalled(_ text: StaticString) -> Bool {
            range.allSatisfy { bytes[$0] == text.utf8Start[$0 - range.lowerBound] }
        }
        switch range.count {
        case 3: return isCalled("GET") ? .get : isCalled("PUT") ? .put : .other
        case 4: return isCalled("POST") ? .post : isCalled("HEAD") ? .head : .other
        case 5: return isCalled("PATCH") ? .patch : isCalled("TRACE") ? nil : .other
        case 6: return isCalled("DELETE") ? .delete : .other
        case 7: return isCalled("OPTIONS") ? .options : isCalled("CONNECT") ? nil : .other
        default: return .other
        }
    }

    private mutating func readTarget(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ lineEnd: Int) -> HeadError? {
        guard start < lineEnd, bytes[start] != 0x20 else { return .badRequestLine }
        var offset = start
        switch bytes[start] {
        case 0x2F: form = .origin
        case 0x2A:
            form = .asterisk
            offset += 1
        default:
            form = .absolute
            guard let pathStart = readScheme(bytes, start, lineEnd) else {
                return authority == nil ? .badTarget : .badHost
            }
            offset = pathStart
        }
        let pathStart = offset
        if form != .asterisk, let fault = skipPath(bytes, &offset, lineEnd) { return fault }
        path = form == .asterisk ? start..<offset : pathStart..<offset
        if !isPathPlain, !NormalPath.isSafe(UnsafeRawBufferPointer(rebasing: bytes[path])) { return .unsafePath }
        let queryStart = offset
        if form != .asterisk, offset < lineEnd, bytes[offset] == 0x3F { Self.skipQuery(bytes, &offset, lineEnd) }
        query = queryStart..<offset
        target = start..<offset
        guard offset < lineEnd else { return .badRequestLine }
        guard bytes[offset] == 0x20 else { return .badTarget }
        if let fault = readVersion(bytes, offset + 1..<lineEnd) { return fault }
        // `*` is for OPTIONS only (RFC 9112 §3.2.4). After the version, so that an HTTP/2 preface is answered 505.
        return form == .asterisk && method != .options ? .badTarget : nil
    }

    /// Reads `http://authority` or `https://authority`; the offset behind it, or `nil`: then `authority` tells whether
    /// the scheme or the authority was bad.
    private mutating func readScheme(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ lineEnd: Int) -> Int? {
        let rest = start..<lineEnd
        let length = ByteScan.hasPrefix(bytes, rest, "https") ? 5 : ByteScan.hasPrefix(bytes, rest, "http") ? 4 : 0
        let separator = start + length
        guard length > 0, separator + 3 <= lineEnd, bytes[separator] == 0x3A, bytes[separator + 1] == 0x2F,
            bytes[separator + 2] == 0x2F
        else { return nil }
        var offset = separator + 3
        let host = offset
        while offset < lineEnd, bytes[offset] != 0x2F, bytes[offset] != 0x3F, bytes[offset] != 0x20 { offset += 1 }
        authority = host..<offset
        isSchemeSecure = length == 5
        return Authority.isValid(bytes, host..<offset) ? offset : nil
    }

    /// Moves `offset` over a path, to the first byte that can't be in one.
    ///
    /// Refused: `\` bare or encoded, which some backends read as `/`; an encoded NUL, at which C programs end; and escapes
    /// that are no escapes (RFC 3986 §2.1), which programs decode each in their own way.
    private mutating func skipPath(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ end: Int) -> HeadError? {
        while true {
            while offset < end, ByteScan.isIn(ByteClass.plainTarget, bytes[offset]) { offset &+= 1 }
            guard offset < end else { return nil }
            if bytes[offset] == 0x5C { return .unsafePath }
            if bytes[offset] == 0x2E {
                // A path begins with a slash, so that there is a byte before the dot.
                if bytes[offset - 1] == 0x2F { isPathPlain = false }
                offset &+= 1
                continue
            }
            guard bytes[offset] == 0x25 else { return nil }
            isPathPlain = false
            guard offset + 2 < end, let high = ByteScan.hexValue(bytes[offset + 1]),
                let low = ByteScan.hexValue(bytes[offset + 2])
            else { return .unsafePath }
            let byte = high << 4 | low
            if byte == 0 || byte == 0x5C { return .unsafePath }
            offset += 3
        }
    }

    /// Moves `offset` over a query: backslashes, question marks and any percent signs pass, browsers send them.
    private static func skipQuery(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ end: Int) {
        while offset < end, bytes[offset] > 0x20, bytes[offset] < 0x7F, bytes[offset] != 0x23 { offset &+= 1 }
    }

    /// `HTTP/1.0`, or `HTTP/1.x` which counts as 1.1 (RFC 9110 §2.5). Another major version: 505 (§15.6.6).
    private mutating func readVersion(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> HeadError? {
        guard let version = HTTPVersion(bytes, range) else { return .badRequestLine }
        guard version.major == 1 else { return .unsupportedVersion }
        isHTTP11 = version.minor > 0
        return nil
    }
}
