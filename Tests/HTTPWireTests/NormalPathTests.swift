// The one form of a path that is routed and forwarded, and the paths that have none because readers differ.

import HTTPWire
import Testing

@Suite struct NormalPathTests {
    /// Sent, and its normal form; `nil`: refused.
    static let cases: [(String, String?)] = [
        ("/", "/"), ("/a/b", "/a/b"), ("/a/", "/a/"), ("//a//", "//a//"), ("/a.b/.c/d./..e/f..", "/a.b/.c/d./..e/f.."),
        // Dot segments, RFC 3986 §5.2.4.
        ("/.", "/"), ("/./", "/"), ("/a/.", "/a/"), ("/a/./b", "/a/b"), ("/..", "/"), ("/../", "/"), ("/../a", "/a"),
        ("/a/..", "/"), ("/a/../", "/"), ("/a/b/..", "/a/"), ("/a/b/../c", "/a/c"), ("/a/b/../../c", "/c"),
        ("/a/b/c/./../../g", "/a/g"), ("/a//..", "/a/"), ("/a//../b", "/a/b"), ("//..", "/"), ("//../a", "/a"),
        ("/.../a", "/.../a"), ("/./../a/.././b", "/b"),
        // Escapes, RFC 3986 §6.2.2.
        ("/%41%7a%30%2d%2E%5F%7e", "/Az0-._~"), ("/%2e", "/"), ("/a/%2E%2e/b", "/b"), ("/a/.%2e", "/"),
        ("/a/%2e.", "/"),
        ("/%25%32%65", "/%252e"), ("/%252e%252E", "/%252e%252E"), ("/%2f%3a%c3%A4", "/%2F%3A%C3%A4"), ("/%20", "/%20"),
        ("/a%2Fb/..", "/"), ("/%2F..a", "/%2F..a"), ("/a;b=..", "/a;b=.."), ("/..a;b", "/..a;b"), ("/.;", nil),
        // Dots that only some readers see.
        ("/..%2f", nil), ("/..%2Fa", nil), ("/%2e%2e%2fa", nil), ("/a%2f..", nil), ("/a%2f../b", nil),
        ("/a%2f.%2fb", nil),
        ("/.%2f", nil), ("/%2f.", nil), ("/..;", nil), ("/..;a/b", nil), ("/a/.;x", nil), ("/%2e%2e;/b", nil),
        ("/..%3bx", nil), ("/a%2f..;b", nil),
        // Refused before it comes to that.
        ("/%00", nil), ("/../%5c", nil), ("/.\\", nil), ("/%", nil), ("/./%4", nil), ("/%g0", nil),
    ]

    private static func request(_ path: String) -> [UInt8] { bytes("GET \(path)?%2e/.. HTTP/1.1\r\nHost: h\r\n\r\n") }

    @Test(arguments: cases)
    func `has one form, or is refused`(_ sent: String, _ normal: String?) {
        let outcome = parseRequest(Self.request(sent)).parse
        guard let normal else {
            #expect(outcome == .malformed(.unsafePath))
            return
        }
        guard case .complete = outcome else {
            Issue.record("refused: \(outcome)")
            return
        }
        #expect(NormalPath.of(sent) == normal)
        #expect(NormalPath.of(normal) == normal)
        // Sent as it came where only the case of digits differs.
        let forwarded = normal.utf8.count == sent.utf8.count ? sent : normal
        #expect(rewriteRequest(Self.request(sent))?.hasPrefix("GET \(forwarded)?%2e/.. HTTP/1.1\r\n") == true)
    }

    @Test func `leaves alone what is no path`() {
        for text in ["*", "", "a/../b"] { #expect(NormalPath.of(text) == text) }
    }

    @Test func `takes time in proportion to the path`() {
        let deep = String(repeating: "/a", count: 10_000) + String(repeating: "/..", count: 10_000)
        #expect(NormalPath.of(deep) == "/")
        let long = "/" + String(repeating: "a", count: 30_000) + String(repeating: "/..", count: 10_000)
        #expect(NormalPath.of(long) == "/")
    }
}
