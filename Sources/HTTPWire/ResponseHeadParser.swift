// Turns the bytes of a backend's response head into offsets, or refuses them. A refused response is answered 502.

/// Parses response heads, one after the other; one per event-loop thread. Works like `RequestHeadParser`.
///
/// 1xx heads are messages of their own: forward them (not to an HTTP/1.0 client, RFC 9110 §15.2) and parse on behind
/// them for the final one.
/// That a backend closes too early is not visible here: the proxy counts the bytes.
package struct ResponseHeadParser: ~Copyable {
    /// 100 … 599.
    package private(set) var status = 0
    /// From the status code to the end of the reason phrase: `200 OK`.
    package private(set) var statusText = 0..<0
    package private(set) var isHTTP11 = true
    /// Any of the four; `.none` for HEAD, 1xx, 204 and 304.
    package private(set) var framing = BodyFraming.none
    /// Whether the backend's connection may be used again once the body has ended.
    package private(set) var keepAlive = false
    /// `Content-Length` as stated, also where no body follows (HEAD, 304).
    package private(set) var statedLength: UInt64?
    package private(set) var headLength = 0

    /// Whether this is a 1xx other than 101: a final response follows.
    package var isInterim: Bool { status < 200 && status != 101 }

    /// Whether the connection is a tunnel from here on: 101, and the request had asked for it.
    package var isSwitch: Bool { status == 101 }

    /// A parser with room for `limits.fieldsMax` fields from the start.
    package init(limits: HeadLimits = HeadLimits()) {
    }

    /// Looks at everything received of a head.
    ///
    /// `isUpgrade` is the request's; 101 without it is malformed. Otherwise as `RequestHeadParser.parse`.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, answering method: Method, isUpgrade: Bool,
        resuming progress: inout HeadProgress, within limits: HeadLimits
    ) -> HeadParse {
        .incomplete
    }

    /// Looks at a head from its start.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer, answering method: Method, isUpgrade: Bool = false,
        within limits: HeadLimits = HeadLimits()
    ) -> HeadParse {
        var progress = HeadProgress()
        return parse(bytes, answering: method, isUpgrade: isUpgrade, resuming: &progress, within: limits)
    }

    /// Number of header fields.
    package var fieldCount: Int { 0 }

    /// The field at `index`, which must be in `0 ..< fieldCount`.
    package func field(_ index: Int) -> HeadField {
        HeadField(nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, role: .endToEnd)
    }
}
