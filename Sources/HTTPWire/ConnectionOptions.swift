// `Connection` fields: what they say about this connection, and which fields they take away (RFC 9110 §7.6.1).

/// The elements of a comma-separated list, without whitespace around them; empty elements are given too.
struct ListElements {
    private var rest: Range<Int>
    private var isDone = false

    init(_ value: Range<Int>) {
        rest = value
    }

    mutating func next(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        if isDone { return nil }
        var comma = rest.lowerBound
        while comma < rest.upperBound, bytes[comma] != 0x2C { comma += 1 }
        let element = ByteScan.trimmed(bytes, rest.lowerBound..<comma)
        isDone = comma == rest.upperBound
        rest = min(comma + 1, rest.upperBound)..<rest.upperBound
        return element
    }
}

/// What all `Connection` fields of a head say together.
struct ConnectionOptions {
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false
    private(set) var saysUpgrade = false
    private var count = 0

    /// Takes in one field's value, and marks the fields it names in `table`.
    mutating func add(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer, table: inout FieldTable) -> HeadError? {
        var elements = ListElements(value)
        while let option = elements.next(in: bytes) {
            if option.isEmpty { continue }
            count += 1
            guard count <= WireLimits.connectionOptionsMax,
                option.allSatisfy({ ByteScan.isIn(ByteClass.token, bytes[$0]) })
            else { return .badConnection }
            if ByteScan.matches(bytes, option, "keep-alive") {
                saysKeepAlive = true
            } else if ByteScan.matches(bytes, option, "close") {
                saysClose = true
            } else if ByteScan.matches(bytes, option, "upgrade") {
                saysUpgrade = true
            } else {
                table.nominate(option, in: bytes)
            }
        }
        return nil
    }

    /// Whether the connection goes on after this message (RFC 9112 §9.3). `close` beats `keep-alive`.
    func isPersistent(isHTTP11: Bool) -> Bool {
        !saysClose && (isHTTP11 || saysKeepAlive)
    }
}

/// What all `Upgrade` fields of a request offer (RFC 9110 §7.8).
struct UpgradeOffer {
    private var hasProtocol = false
    private var hidesRequests = false

    /// Whether there is an offer, and none that would turn the connection into more HTTP behind our back: a tunnel of
    /// `h2c`, `HTTP` or `TLS` carries requests past routing, limits and logs. Such an offer is left out, not refused,
    /// since Java's client makes it with every request.
    var isPassable: Bool { hasProtocol && !hidesRequests }

    mutating func add(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        var elements = ListElements(value)
        while let element = elements.next(in: bytes) {
            if element.isEmpty { continue }
            let slash = element.first { bytes[$0] == 0x2F } ?? element.upperBound
            let name = element.lowerBound..<slash
            hasProtocol = true
            hidesRequests =
                hidesRequests || ByteScan.matches(bytes, name, "h2c") || ByteScan.matches(bytes, name, "http")
                || ByteScan.matches(bytes, name, "tls")
        }
    }
}
