// `Connection` fields: what they say about this connection, and which fields they take away (RFC 9110 §7.6.1).
// Not for what an upgrade offers: see `UpgradeOffer`.

/// What all `Connection` fields of a head say together.
struct ConnectionOptions {
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false
    private(set) var saysUpgrade = false
    /// Names fields besides those that every message may name. Trailers of that name would have to go as well (RFC 9110
    /// §7.6.1), but come when these names are forgotten: then no trailer is forwarded.
    private(set) var namesFields = false
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
            } else if !ByteScan.matches(bytes, option, "te") {
                namesFields = true
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
