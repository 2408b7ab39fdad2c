// Which names have a role of their own. Most fields do not: the length alone decides for most of them.
// A new name goes here and, if it needs a treatment of its own, into `FieldRole` and `HeadRewriter`.

extension FieldRole {
    /// The role of a name, compared without case. `name` is a token without underscores.
    init(of name: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        self = Self.special(name, in: bytes)
    }

    private static func special(_ name: Range<Int>, in bytes: UnsafeRawBufferPointer) -> FieldRole {
        func isCalled(_ text: StaticString) -> Bool { ByteScan.matches(bytes, name, text) }
        switch name.count {
        case 2: if isCalled("te") { return .te }
        case 4: if isCalled("host") { return .host }
        case 5: if isCalled("proxy") { return .hopByHop }
        case 6:
            if isCalled("cookie") { return .protected }
            if isCalled("expect") { return .expect }
        case 7:
            if isCalled("upgrade") { return .upgrade }
            if isCalled("trailer") { return .trailer }
        case 9:
            if isCalled("x-real-ip") { return .realIP }
            if isCalled("forwarded") { return .forwardedOther }
        case 10:
            if isCalled("connection") { return .connection }
            if isCalled("keep-alive") { return .keepAlive }
            if isCalled("set-cookie") { return .protected }
        case 12:
            if isCalled("x-request-id") { return .requestID }
            if isCalled("max-forwards") { return .maxForwards }
        case 13: if isCalled("authorization") { return .protected }
        case 14:
            if isCalled("content-length") { return .contentLength }
            if isCalled("http2-settings") { return .hopByHop }
        case 15: if isCalled("x-forwarded-for") { return .forwardedFor }
        case 16:
            if isCalled("x-forwarded-host") { return .forwardedHost }
            if isCalled("proxy-connection") { return .hopByHop }
        case 17:
            if isCalled("transfer-encoding") { return .transferEncoding }
            if isCalled("x-forwarded-proto") { return .forwardedProto }
        case 19: if isCalled("proxy-authorization") { return .protected }
        default: break
        }
        return ByteScan.hasPrefix(bytes, name, "x-forwarded-") ? .forwardedOther : .endToEnd
    }
}
