// Sessions in memory: handshakes, choice of certificates, bytes, ends.

import TLS
import TestCertificates
import Testing

@Suite struct SessionTests {
    @Test(arguments: [Authority.Key.ecdsa, .rsa])
    func `both ends agree, and bytes go both ways whatever their number`(key: Authority.Key) throws {
        let authority = try Authority()
        let pair = Pair(
            try authority.serverContext([authority.issue("a", ["a.test"], key: key)]), try authority.clientContext(),
            name: "a.test")
        #expect(pair.shakeHands())
        #expect(pair.server.version == "TLSv1.3")
        #expect(!pair.server.isH2)
        #expect(String(decoding: pair.server.serverName, as: UTF8.self) == "a.test")
        for count in [1, 16_384, 16_385, 300_000] {
            let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(pair.atClient(Pair.write(sent)))
            var received: [UInt8] = []
            #expect(pair.atServer { Pair.read(&received, $0) } == .wantsInput)
            #expect(received == sent)
            #expect(pair.atServer(Pair.write(sent)))
            received = []
            #expect(pair.atClient { Pair.read(&received, $0) } == .wantsInput)
            #expect(received == sent)
        }
    }

    @Test func `a piece of 64 KiB leaves in four records`() throws {
        let authority = try Authority()
        let pair = Pair(
            try authority.serverContext([authority.issue("a", ["a.test"])]), try authority.clientContext(),
            name: "a.test")
        #expect(pair.shakeHands())
        var received: [UInt8] = []
        _ = pair.atClient { Pair.read(&received, $0) }
        let before = pair.bytesToClient
        #expect(pair.atServer(Pair.write([UInt8](repeating: 7, count: 65_536))))
        // Header, kind and tag: 5 + 1 + 16 bytes each.
        #expect(pair.bytesToClient - before == 65_536 + 4 * 22)
    }

    @Test func `the name decides about the certificate, exact before wildcard, and the first is for all others`() throws
    {
        let authority = try Authority()
        let context = try authority.serverContext([
            authority.issue("default", ["default.test"]), authority.issue("star", ["*.shop.test", "shop.test"]),
            authority.issue("api", ["api.shop.test"], key: .rsa),
        ])
        for name in ["default.test", "shop.test", "www.shop.test", "api.shop.test"] {
            let pair = Pair(context, try authority.clientContext(), name: name)
            #expect(pair.shakeHands(), "\(name) is not what the certificate says")
            #expect(pair.server.covers(bytes("\(name):8443")))
            #expect(!pair.server.covers(bytes("other.test")))
        }
        // One label only, and no such name: the default certificate, which the client refuses.
        for name in ["a.b.shop.test", "other.test"] {
            let client = try authority.clientContext()
            let pair = Pair(context, client, name: name)
            #expect(!pair.shakeHands())
            #expect(pair.client.takeFailure().contains("hostname mismatch"))
        }
        let pair = Pair(context, try authority.clientContext(), name: "WWW.Shop.Test")
        #expect(pair.shakeHands())
        #expect(!pair.server.covers(bytes("api.shop.test")) || pair.server.covers(bytes("www.shop.test")))
    }

    @Test func `two kinds of keys for one name stand in for each other`() throws {
        let authority = try Authority()
        let context = try authority.serverContext([
            authority.issue("r", ["a.test"], key: .rsa), authority.issue("e", ["a.test"]),
        ])
        #expect(context.certificates.map(\.key) == ["RSA 2048", "ECDSA 256"])
        #expect(context.warnings == [])
        #expect(Pair(context, try authority.clientContext(), name: "a.test").shakeHands())
        let again = try authority.serverContext([
            authority.issue("x", ["a.test"]), authority.issue("y", ["a.test"]),
        ])
        #expect(again.warnings.count == 1)
    }

    @Test func `ALPN: HTTP/2 where both want it, an alert where nothing is shared, any bytes without`() throws {
        let authority = try Authority()
        let certificate = try authority.issue("a", ["a.test"])
        func agree(_ ours: ApplicationProtocols, _ theirs: ApplicationProtocols) throws -> (Bool, isH2: Bool) {
            let context = try authority.serverContext([certificate], ServerTLSRules(protocols: ours, scope: "web"))
            let pair = Pair(context, try authority.clientContext(theirs), name: "a.test")
            return (pair.shakeHands(), pair.server.isH2)
        }
        #expect(try agree(.http2AndHTTP1, .http2AndHTTP1) == (true, isH2: true))
        #expect(try agree(.http1, .http2AndHTTP1) == (true, isH2: false))
        #expect(try agree(.http2AndHTTP1, .http1) == (true, isH2: false))
        #expect(try agree(.http2AndHTTP1, .any) == (true, isH2: false))
        #expect(try agree(.any, .http2AndHTTP1) == (true, isH2: false))
    }

    @Test func `a client must show a certificate where an authority is named, and one that it signed`() throws {
        let authority = try Authority()
        let stranger = try Authority()
        let rules = ServerTLSRules(clientAuthority: try authority.root, scope: "web")
        let context = try authority.serverContext([authority.issue("a", ["a.test"])], rules)
        func isTaken(_ certificate: CertificateText?) throws -> Bool {
            let pair = Pair(context, try authority.clientContext(certificate: certificate), name: "a.test")
            pair.shakeHands()
            return pair.serverOutcome == .done
        }
        #expect(try isTaken(authority.issue("client", ["someone"])))
        #expect(try !isTaken(nil))
        #expect(try !isTaken(stranger.issue("client", ["someone"])))
    }

    @Test func `only what says close_notify has ended`() throws {
        let authority = try Authority()
        let pair = Pair(
            try authority.serverContext([authority.issue("a", ["a.test"])]), try authority.clientContext(),
            name: "a.test")
        #expect(pair.shakeHands())
        #expect(pair.atClient(Pair.write([1, 2, 3])))
        pair.atClient { $0.sayGoodbye() }
        var received: [UInt8] = []
        #expect(pair.atServer { Pair.read(&received, $0) } == .closed)
        #expect(received == [1, 2, 3])
        // The other direction is still open (RFC 8446 §6.1).
        #expect(pair.atServer(Pair.write([4])))
        received = []
        #expect(pair.atClient { Pair.read(&received, $0) } == .wantsInput)
        #expect(received == [4])
    }

    @Test func `a record that was changed on its way ends the session`() throws {
        let authority = try Authority()
        let pair = Pair(
            try authority.serverContext([authority.issue("a", ["a.test"])]), try authority.clientContext(),
            name: "a.test")
        #expect(pair.shakeHands())
        #expect(pair.atClient(Pair.write([1, 2, 3])))
        pair.spoil(at: 6)
        var received: [UInt8] = []
        #expect(pair.atServer { Pair.read(&received, $0) } == .failed)
        #expect(pair.server.takeFailure() != "")
        #expect(received == [])
    }

    @Test func `a client that believes another authority, or speaks no TLS, comes to nothing`() throws {
        let authority = try Authority()
        let stranger = try Authority()
        let context = try authority.serverContext([authority.issue("a", ["a.test"])])
        let pair = Pair(context, try stranger.clientContext(), name: "a.test")
        #expect(!pair.shakeHands())
        #expect(pair.clientOutcome == .failed)
        let transport = TLSTransport(outputBytes: 64)
        let made = TLSSession(context, transport)
        let session = try #require(made)
        defer { session.free() }
        Array("GET / HTTP/1.1\r\n\r\n".utf8).withUnsafeBytes {
            transport.point(at: $0)
            #expect(session.shakeHands() == .failed)
        }
        #expect(session.takeFailure() == "http request")
    }

    private func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private func bytes(_ text: String) -> UnsafeRawBufferPointer {
        // Kept for the life of the test.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        copy.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(copy)
    }
}
