// Sessions that a client carries from one name to another. The client is OpenSSL's, by hand: ours resumes nothing.

import COpenSSL
import Foundation
import TestCertificates
import Testing

@testable import TLS

/// A client that keeps the session of its last connection.
private final class ResumingClient {
    private let context = SSL_CTX_new(TLS_client_method())
    private var session: OpaquePointer?

    /// - Parameter shown: what it shows to a server that asks: the path of a certificate, and beside it its key.
    init(maxVersion: CInt, showing shown: String? = nil) {
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maxVersion), nil)
        guard let shown else { return }
        SSL_CTX_use_certificate_file(context, "\(shown).pem", SSL_FILETYPE_PEM)
        SSL_CTX_use_PrivateKey_file(context, "\(shown).key", SSL_FILETYPE_PEM)
    }

    deinit {
        SSL_SESSION_free(session)
        SSL_CTX_free(context)
    }

    /// Shakes hands and reads what comes then (the tickets of TLS 1.3); whether the session went on, whether the
    /// certificate is for the name, and how many certificates came. `nil` when there was no agreement.
    ///
    /// - Parameter loop: of the server.
    func connect(
        _ server: TLSServerContext, _ name: String, loop: Int = 0
    ) -> (isResumed: Bool, covers: Bool, certificates: Int)? {
        let ssl = SSL_new(context)
        defer { SSL_free(ssl) }
        let (input, output) = (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        _ = tls_set_server_name(ssl, name)
        if let session { SSL_set_session(ssl, session) }
        let transport = TLSTransport(outputBytes: 1024, loop: loop)
        let end = TLSSession(server, transport)!
        defer { end.free() }
        var outcome = TLSProgress.wantsInput
        var room = [UInt8](repeating: 0, count: 20_000)
        for _ in 0..<6 {
            if SSL_is_init_finished(ssl) == 1 { SSL_read(ssl, &room, 1) } else { SSL_do_handshake(ssl) }
            let count = max(0, BIO_read(output, &room, CInt(room.count)))
            room[..<Int(count)].withUnsafeBytes { bytes in
                transport.point(at: bytes)
                if outcome == .wantsInput { outcome = end.shakeHands() }
                transport.point(at: UnsafeRawBufferPointer(start: nil, count: 0))
            }
            let reply = Array(transport.output)
            BIO_write(input, reply, CInt(reply.count))
            transport.clearOutput()
        }
        guard outcome == .done, SSL_is_init_finished(ssl) == 1 else { return nil }
        SSL_SESSION_free(session)
        session = SSL_get1_session(ssl)
        // The client ends in good order, or OpenSSL would not resume.
        SSL_shutdown(ssl)
        let certificates = OPENSSL_sk_num(SSL_get_peer_cert_chain(ssl))
        return (end.isResumed, Array("\(name):443".utf8).withUnsafeBytes { end.covers($0) }, Int(certificates))
    }
}

@Suite struct ResumptionTests {
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a session goes on for names of its certificate, and begins anew for those of another`(_ version: CInt) throws
    {
        let authority = try Authority()
        let context = try authority.serverContext([
            authority.issue("a", ["a.test", "also-a.test"]), authority.issue("b", ["b.test"]),
        ])
        let client = ResumingClient(maxVersion: version)
        let story: [(String, Bool)] = [
            ("a.test", false), ("a.test", true), ("also-a.test", true), ("b.test", false), ("b.test", true),
            ("a.test", false),
        ]
        for (name, isResumed) in story {
            let outcome = try #require(client.connect(context, name))
            #expect(outcome.isResumed == isResumed, "\(name)")
            #expect(name == "also-a.test" || outcome.covers, "\(name)")
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a session that one event loop began goes on at another`(_ version: CInt) throws {
        let authority = try Authority()
        let certificates = [try authority.issue("a", ["a.test"]), try authority.issue("b", ["b.test"], key: .rsa)]
        let context = try authority.serverContext(certificates, loops: 3)
        #expect(context.certificates.map(\.names) == [["a.test"], ["b.test"]])
        for name in ["a.test", "b.test"] {
            let client = ResumingClient(maxVersion: version)
            // Loop 3 shares what loop 0 has.
            for loop in 0...3 {
                let outcome = try #require(client.connect(context, name, loop: loop))
                #expect(outcome.isResumed == (loop > 0), "\(name) at loop \(loop)")
                #expect(outcome.covers)
            }
        }
    }

    @Test func `clients are asked for a certificate at every event loop, and get no more than the server's file has`()
        throws
    {
        let authority = try Authority()
        let certificate = try authority.issue("a", ["a.test"])
        try authority.issue("client", ["client.test"])
        // The authority is known to the server, for its clients: that does not make it a part of the server's chain.
        let rules = ServerTLSRules(clientAuthority: try authority.root, scope: "web")
        let context = try authority.serverContext([certificate], rules, loops: 2)
        for loop in 0...1 {
            let stranger = ResumingClient(maxVersion: TLS1_2_VERSION)
            #expect(stranger.connect(context, "a.test", loop: loop) == nil)
            let known = ResumingClient(
                maxVersion: TLS1_2_VERSION, showing: authority.directory.appendingPathComponent("client").path)
            #expect(try #require(known.connect(context, "a.test", loop: loop)).certificates == 1)
        }
    }

    @Test func `event loops have libraries of their own, the same ones for every context`() {
        let libraries = TLSLibrary.apart(3)
        #expect(Set(libraries.map(\.context)).count == 3)
        #expect(libraries.allSatisfy { $0.context != nil && $0.ticketCipher != nil })
        #expect(TLSLibrary.apart(2).map(\.context) == Array(libraries[..<2]).map(\.context))
        #expect(TLSLibrary.apart(1).map(\.context) == [nil])
        #expect(TLSLibrary.apart(0).map(\.context) == [nil])
    }
}
