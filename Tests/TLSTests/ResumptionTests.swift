// Sessions that a client carries from one name to another. The client is OpenSSL's, by hand: ours resumes nothing.

import COpenSSL
import TLS
import TestCertificates
import Testing

/// A client that keeps the session of its last connection.
private final class ResumingClient {
    private let context = SSL_CTX_new(TLS_client_method())
    private var session: OpaquePointer?

    init(maxVersion: CInt) { SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maxVersion), nil) }

    deinit {
        SSL_SESSION_free(session)
        SSL_CTX_free(context)
    }

    /// Shakes hands and reads what comes then (the tickets of TLS 1.3); the certificate's names, and whether the session
    /// went on.
    func connect(_ server: TLSServerContext, _ name: String) -> (isResumed: Bool, covers: Bool)? {
        let ssl = SSL_new(context)
        defer { SSL_free(ssl) }
        let (input, output) = (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        _ = tls_set_server_name(ssl, name)
        if let session { SSL_set_session(ssl, session) }
        let transport = TLSTransport(outputBytes: 1024)
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
        return (end.isResumed, Array("\(name):443".utf8).withUnsafeBytes { end.covers($0) })
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
}
