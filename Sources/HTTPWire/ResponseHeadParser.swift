// Turns the bytes of a backend's response head into offsets, or refuses them. A refused response is answered 502.
// Not for counting the bytes of a body: see `framing`.

/// Parses response heads, one after the other; one per event-loop thread. Works like `RequestHeadParser`.
///
/// 1xx heads are messages of their own: forward them (not to an HTTP/1.0 client, RFC 9110 §15.2) and parse on behind
/// them for the final one.
/// That a backend closes too early is not visible here: the proxy counts the bytes.
package struct ResponseHeadParser: ~Copyable {
    var table: FieldTable

    /// 100 … 599.
    package private(set) var status = 0
    /// From the status code to the end of the reason phrase: `200 OK`.
    package private(set) var statusText = 0..<0
    package private(set) var isHTTP11 = true
    /// Any of the four; `.none` for HEAD, 1xx, 204 and 304.
    package private(set) var framing = BodyFraming.none
    /// Whether the backend's connection may be used again once the body has ended and nothing follows it.
    package private(set) var keepAlive = false
    /// `Content-Length` of a response to HEAD, or of a 304: the length of a body that is not sent (RFC 9110 §8.6).
    package private(set) var unsentLength: UInt64?

    /// Whether trailers of this response may go to the client, as far as the backend is concerned: chunked, and
    /// `Connection` takes no field away.
    package private(set) var forwardsTrailers = false
    /// Seconds that the backend says it keeps an idle connection (`Keep-Alive: timeout=5`); `nil` when it says nothing.
    package private(set) var idleSeconds: UInt64?

    /// Whether this is a 1xx other than 101: a final response follows.
    package var isInterim: Bool { status < 200 && status != 101 }

    /// Whether the connection is a tunnel from here on: 101, and the request had asked for it.
    package var isSwitch: Bool { status == 101 }

    /// Bytes of the head, including the empty line at its end.
    package var headLength: Int { table.headLength }
    /// Number of header fields.
    package var fieldCount: Int { table.count }

    /// A parser with room for `limits.fieldsMax` fields from the start.
    package init(limits: HeadLimits = HeadLimits()) {
        table = FieldTable(capacity: limits.fieldsMax)
    }

    /// The field at `index`, which must be in `0 ..< fieldCount`.
    package func field(_ index: Int) -> HeadField { table[index] }

    /// Looks at a head from its start.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, answering method: Method, isUpgrade: Bool = false,
        within limits: HeadLimits = HeadLimits()
    ) -> HeadParse {
        var progress = HeadProgress()
        return parse(bytes, answering: method, isUpgrade: isUpgrade, resuming: &progress, within: limits)
    }

    /// Looks at everything received of a head.
    ///
    /// `isUpgrade` is the request's; 101 without it is malformed, and so is one without
    /// `Upgrade` and `Connection: Upgrade`. Otherwise as `RequestHeadParser.parse`.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, answering method: Method, isUpgrade: Bool,
        resuming progress: inout HeadProgress, within limits: HeadLimits
    ) -> HeadParse {
        table.reserve(limits.fieldsMax)
        let isResumed = progress.lines > 0
        var event = table.read(bytes, resuming: &progress, within: limits, skipsEmptyLine: false)
        if case .firstLine(let line) = event {
            guard readStatusLine(bytes, line) else { return .malformed(.badStatusLine) }
            event = table.read(bytes, resuming: &progress, within: limits, skipsEmptyLine: false)
        }
        switch event {
        case .malformed(.targetTooLong): return .malformed(.badStatusLine)
        case .malformed(let fault): return .malformed(fault)
        case .incomplete, .firstLine: return .incomplete
        case .complete: break
        }
        if isResumed { return parse(bytes, answering: method, isUpgrade: isUpgrade, within: limits) }
        if let fault = interpret(bytes, answering: method, isUpgrade: isUpgrade) { return .malformed(fault) }
        return .complete(headLength: table.headLength)
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 §4). The space before an empty reason is often forgotten, and nothing
    /// hangs on it. Codes outside 100 … 599 are invalid (RFC 9110 §15).
    private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
        let code = line.lowerBound + 9
        guard line.count >= 12, let version = HTTPVersion(bytes, line.lowerBound..<code - 1), version.major == 1,
            bytes[code - 1] == 0x20, let number = ByteScan.decimal(bytes, code..<code + 3),
            (100...599).contains(number),
            line.count == 12 || bytes[code + 3] == 0x20
        else { return false }
        isHTTP11 = version.minor > 0
        status = Int(number)
        statusText = code..<line.upperBound
        return true
    }

    /// Finds out what the fields say together (RFC 9112 §6.3).
    private mutating func interpret(
        _ bytes: UnsafeRawBufferPointer, answering method: Method, isUpgrade: Bool
    ) -> HeadError? {
        var connection = ConnectionOptions()
        var fields = FramingFields()
        var namesProtocol = false
        idleSeconds = nil
        for index in 0..<table.count where table.fields[index].role != .endToEnd {
            let field = table.fields[index]
            var fault: HeadError?
            switch field.role {
            case .contentLength: fault = fields.addContentLength(field.value, in: bytes)
            case .transferEncoding: fault = fields.addTransferEncoding(field.value, in: bytes)
            case .connection: fault = connection.add(field.value, in: bytes, table: &table)
            case .upgrade: namesProtocol = namesProtocol || !field.value.isEmpty
            case .keepAlive: readIdleSeconds(field.value, in: bytes)
            default: break
            }
            if let fault { return fault }
        }
        if let fault = fields.fault(isHTTP11: isHTTP11) { return fault }
        if status == 101, !isUpgrade || !namesProtocol || !isHTTP11 || !connection.saysUpgrade {
            return .unexpectedUpgrade
        }
        keepAlive = connection.isPersistent(isHTTP11: isHTTP11)
        unsentLength = nil
        framing = .none
        if status < 200 || status == 204 {
            // Neither may state a body (RFC 9110 §8.6, RFC 9112 §6.1). An interim head that does leaves us not knowing
            // where the final one begins; a 204 that does may send its body all the same, so its connection ends.
            let statesBody = fields.hasTransferEncoding || fields.contentLength ?? 0 > 0
            if statesBody, status < 200 { return .bodyOnInterim }
            if statesBody { keepAlive = false }
        } else if method == .head || status == 304 {
            unsentLength = fields.contentLength
        } else {
            framing = fields.ofResponse
        }
        if framing == .untilClose { keepAlive = false }
        forwardsTrailers = framing == .chunked && !connection.namesFields
        return nil
    }

    /// `Keep-Alive: timeout=5, max=100` (RFC 2068 §19.7.1.1). The shortest counts; what is no number is passed over.
    private mutating func readIdleSeconds(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        var elements = ListElements(value)
        while let element = elements.next(in: bytes) {
            let digits = element.lowerBound + 8
            guard ByteScan.hasPrefix(bytes, element, "timeout"), digits < element.upperBound, bytes[digits - 1] == 0x3D,
                let seconds = ByteScan.decimal(bytes, digits..<element.upperBound)
            else { continue }
            idleSeconds = min(idleSeconds ?? seconds, seconds)
        }
    }
}
