// What a client offers to switch to, and what we do not pass on.
// Whether a tunnel opens is decided by the backend's 101 alone.

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
