// The border: turns the bytes of an HTTP/1.1 request head into offsets, or refuses them. Not for bodies, see
// `ChunkedDecoder`; not for what goes to the backend, see `HeadRewriter`.

/// Parses request heads, one after the other; one per event-loop thread.
///
/// After `.complete`, all accessors speak of that head, by offsets into the bytes it was parsed from, until the next
/// `parse`. After any other outcome they mean nothing.
/// Pure; allocates only when a bigger `limits.fieldsMax` than before is asked for. Bytes are read at most twice, whatever
/// the size of the pieces they come in.
/// Source: RFC 9110, RFC 9112.
package struct RequestHeadParser: ~Copyable {
    var table: FieldTable
    var line = RequestLine()

    /// Host with optional port, valid by syntax: from an absolute target, else from `Host`. `nil` only in HTTP/1.0.
    package private(set) var host: Range<Int>?
    /// `.none`, `.length` or `.chunked`.
    package private(set) var framing = BodyFraming.none
    /// Whether the client may send another request on this connection (RFC 9112 §9.3).
    package private(set) var keepAlive = false
    /// Whether the client waits for 100 before it sends the body. Never in HTTP/1.0 or without a body (RFC 9110 §10.1.1).
    package private(set) var expectsContinue = false
    /// Whether an upgrade is asked for and may be passed on: HTTP/1.1, `Connection: upgrade`, no body, and no `h2c`, `HTTP`
    /// or `TLS`, whose tunnels would carry requests past us. The tunnel opens only on the backend's 101.
    package private(set) var isUpgrade = false
    /// A client's `X-Request-Id` that is fit to be kept: one field, see `RequestID.isValid`.
    package private(set) var requestID: Range<Int>?
    /// `Max-Forwards` of an OPTIONS request, 1 or more; `nil` when there is none (RFC 9110 §7.6.2).
    package private(set) var forwardsLeft: UInt64?

    /// Whether the client takes trailers (`TE: trailers`, RFC 9110 §10.1.4).
    package private(set) var acceptsTrailers = false
    /// Whether trailers of this request may go to the backend: chunked, and `Connection` takes no field away.
    package private(set) var forwardsTrailers = false

    /// A parser with room for `limits.fieldsMax` fields from the start.
    package init(limits: HeadLimits = HeadLimits()) {
        table = FieldTable(capacity: limits.fieldsMax)
    }

    package var method: Method { line.method }
    /// The method's own text, for logs and for `.other`.
    package var methodRange: Range<Int> { line.methodRange }
    /// The whole target as it came.
    package var target: Range<Int> { line.target }
    package var targetForm: TargetForm { line.form }
    /// The path without query. Empty for an absolute target without path: see `path(in:)`. `*` in asterisk form.
    package var path: Range<Int> { line.path }
    /// Whether the path is its own normal form, see `NormalPath`.
    package var isPathPlain: Bool { line.isPathPlain }
    /// Whether the target is absolute and its scheme `https`.
    package var isSchemeSecure: Bool { line.isSchemeSecure }
    /// The query with its `?`; empty when there is none.
    package var query: Range<Int> { line.query }
    /// False for HTTP/1.0. HTTP/1.2 and above count as 1.1 (RFC 9110 §2.5).
    package var isHTTP11: Bool { line.isHTTP11 }
    /// Bytes of the head, including the empty line at its end (and one empty line before it, if the client sent one).
    package var headLength: Int { table.headLength }
    /// Number of header fields.
    package var fieldCount: Int { table.count }

    /// The field at `index`, which must be in `0 ..< fieldCount`.
    package func field(_ index: Int) -> HeadField { table[index] }

    /// The path as it came: never empty, `/` where an absolute target has none. For routing see `NormalPath`.
    package func path(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if path.isEmpty {
            let root: StaticString = "/"
            return UnsafeRawBufferPointer(start: root.utf8Start, count: 1)
        }
        return UnsafeRawBufferPointer(rebasing: bytes[path])
    }

    /// Whether the upgrade that is asked for may be one to `name`, which is in lower case and has no version.
    package func offersUpgrade(to name: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard isUpgrade else { return false }
        for index in 0..<table.count where table.fields[index].role == .upgrade {
            var elements = ListElements(table.fields[index].value)
            while let element = elements.next(in: bytes) {
                if ByteScan.matches(bytes, element, name) { return true }
            }
        }
        return false
    }

    /// Looks at a head from its start.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer, within limits: HeadLimits = HeadLimits()) -> HeadParse
    {
        var progress = HeadProgress()
        return parse(bytes, resuming: &progress, within: limits)
    }

    /// Looks at everything received of a head. `progress` is the connection's; a new head starts with a new one.
    ///
    /// The outcome depends only on the bytes, not on how they were split over calls.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, resuming progress: inout HeadProgress, within limits: HeadLimits
    ) -> HeadParse {
        table.reserve(limits.fieldsMax)
        let isResumed = progress.lines > 0
        var event = table.read(bytes, resuming: &progress, within: limits, skipsEmptyLine: true)
        if case .firstLine(let range) = event {
            line = RequestLine()
            if let fault = line.read(bytes, range) { return .malformed(fault) }
            event = table.read(bytes, resuming: &progress, within: limits, skipsEmptyLine: true)
        }
        switch event {
        case .malformed(let fault): return .malformed(fault)
        case .incomplete, .firstLine: return .incomplete
        case .complete: break
        }
        // The table has only the lines of this call: read all of them, see `FieldTable`.
        if isResumed { return parse(bytes, within: limits) }
        if let fault = interpret(bytes) { return .malformed(fault) }
        return .complete(headLength: table.headLength)
    }

    /// Finds out what the fields say together.
    private mutating func interpret(_ bytes: UnsafeRawBufferPointer) -> HeadError? {
        var connection = ConnectionOptions()
        var fields = FramingFields()
        var hostField: Range<Int>?
        var upgrade = UpgradeOffer()
        var hasExpectation = false
        var requestIDs = 0
        (host, requestID, forwardsLeft) = (nil, nil, nil)
        acceptsTrailers = false
        for index in 0..<table.count where table.fields[index].role != .endToEnd {
            let field = table.fields[index]
            var fault: HeadError?
            switch field.role {
            case .host:
                if hostField != nil { fault = .duplicateHost }
                hostField = field.value
            case .contentLength: fault = fields.addContentLength(field.value, in: bytes)
            case .transferEncoding: fault = fields.addTransferEncoding(field.value, in: bytes)
            case .connection: fault = connection.add(field.value, in: bytes, table: &table)
            case .upgrade: upgrade.add(field.value, in: bytes)
            case .te: acceptsTrailers = acceptsTrailers || isHTTP11 && Self.namesTrailers(field.value, in: bytes)
            case .expect:
                // RFC 9110 §10.1.1 lets a server answer 417 to what it does not know, and have 1.0 clients ignored.
                if isHTTP11, !ByteScan.matches(bytes, field.value, "100-continue") { fault = .unknownExpectation }
                hasExpectation = true
            case .maxForwards where method == .options: fault = readForwards(field.value, in: bytes)
            case .requestID:
                requestIDs += 1
                requestID = field.value
            default: break
            }
            if let fault { return fault }
        }
        if let fault = fields.fault(isHTTP11: isHTTP11) ?? hostFault(bytes, hostField) { return fault }
        framing = fields.ofRequest
        keepAlive = connection.isPersistent(isHTTP11: isHTTP11)
        forwardsTrailers = framing == .chunked && !connection.namesFields
        expectsContinue = hasExpectation && isHTTP11 && framing.hasBody
        isUpgrade = upgrade.isPassable && connection.saysUpgrade && isHTTP11 && !framing.hasBody
        if let id = requestID, requestIDs > 1 || !RequestID.isValid(UnsafeRawBufferPointer(rebasing: bytes[id])) {
            requestID = nil
        }
        return nil
    }

    /// Settles `host`, or says what is wrong with it (RFC 9112 §3.2).
    ///
    /// An HTTP/1.1 request must have the field even with an absolute target, which then decides alone (§3.2.2).
    private mutating func hostFault(_ bytes: UnsafeRawBufferPointer, _ field: Range<Int>?) -> HeadError? {
        guard let field else {
            host = line.authority
            return isHTTP11 ? .missingHost : nil
        }
        guard Authority.isValid(bytes, field) else { return .badHost }
        host = line.authority ?? field
        return nil
    }

    /// Whether a `TE` value names `trailers`. Its other elements are transfer codings, of which we take none.
    private static func namesTrailers(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Bool {
        var elements = ListElements(value)
        while let element = elements.next(in: bytes) {
            if ByteScan.matches(bytes, element, "trailers") { return true }
        }
        return false
    }

    /// Reads `Max-Forwards` of an OPTIONS request (RFC 9110 §7.6.2). What is no number is passed on as it came.
    private mutating func readForwards(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) -> HeadError? {
        forwardsLeft = ByteScan.decimal(bytes, value)
        return forwardsLeft == 0 ? .hopsExhausted : nil
    }
}
