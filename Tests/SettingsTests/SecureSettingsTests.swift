// TLS in settings: what is read, and what contradicts itself. Whether files are any good is not asked here.

import Settings
import Testing

struct SecureSettingsTests {
    private static func listener(_ lines: String) -> String {
        Sample.with("bind: 127.0.0.1:8080", "bind: 127.0.0.1:8443\n    \(lines)")
    }

    @Test func `certificates, the oldest version and the authority of clients are read`() throws {
        let read = try settings(
            Self.listener(
                """
                tls:
                      certificates: [{ chain: a.pem, key: a.key }, { chain: b.pem, key: b.key }]
                      min_version: 1.3
                      client_ca: ca.pem
                    timeouts: { handshake: 2s }
                """))
        #expect(
            read.listeners[0].tls
                == ListenerTLSSetting(
                    certificates: [
                        CertificateSetting(chain: "a.pem", key: "a.key"),
                        CertificateSetting(chain: "b.pem", key: "b.key"),
                    ], minVersion: .v13, clientCA: "ca.pem"))
        #expect(read.listeners[0].timeouts.handshake == .seconds(2))
    }

    @Test func `TLS to backends is read, with verification unless it is said otherwise`() throws {
        let text = """
            listeners: [{ name: web, bind: 80 }]
            routes: [{ service: a }, { service: b, path: /b }]
            services:
              a:
                tls: { ca: ca.pem, name: A.Internal, certificate: { chain: c.pem, key: c.key } }
                backends: [10.0.0.1:443]
              b: { tls: { verify: false }, backends: [10.0.0.1:443] }
            """
        let read = try settings(text)
        #expect(
            read.services[0].tls
                == BackendTLSSetting(
                    ca: "ca.pem", name: "a.internal", certificate: CertificateSetting(chain: "c.pem", key: "c.key")))
        #expect(read.services[1].tls == BackendTLSSetting(verifies: false))
    }

    @Test func `server names lead to services that speak TCP`() throws {
        let text = """
            listeners: [{ name: sealed, bind: 443, protocol: tls_passthrough, timeouts: { handshake: 1s } }]
            routes: [{ host: a.test, service: a }]
            services: { a: { protocol: tcp, backends: [10.0.0.1:443] } }
            """
        #expect(try settings(text).listeners[0].mode == .tlsPassthrough)
        #expect(
            problems(text.replacing("host: a.test", with: "path: /x")) == [
                "2:18 a path can't be seen inside of TLS that is passed on unopened"
            ])
        #expect(
            problems(text.replacing("protocol: tcp, ", with: "")) == [
                "1:1 no route says where TLS connections go", "2:35 the service `a` speaks HTTP, and no listener does",
            ])
    }

    @Test(
        arguments: [
            ("tls: {}", "`tls` has no `certificates`"),
            ("tls: { certificates: [] }", "`certificates` has nothing in it"),
            ("tls: { certificates: [{ chain: a }] }", "the certificate has no `key`"),
            (
                "tls: { certificates: [{ chain: a, key: b }], min_version: 1.1 }",
                "min_version: `1.1` is none of 1.2, 1.3"
            ),
            (
                "{tls: { certificates: [{ chain: a, key: b }] }\n    redirect_to_https: 443",
                "`redirect_to_https` has no meaning with `tls`"
            ),
            ("timeouts: { handshake: 1s }", "`handshake` has no meaning without `tls`, `h2c` or `proxy_protocol`"),
            ("redirect_to_https: 0", "redirect_to_https: 0 is out of range"),
        ])
    func `what a listener can't be told`(_ lines: String, _ problem: String) {
        let found = problems(Self.listener(lines.replacing("{tls", with: "tls")))
        #expect(found.count == 1 && found[0].hasSuffix(problem), "\(found)")
    }

    @Test(
        arguments: [
            ("tls: { verify: maybe }", "verify: `maybe` is neither `true` nor `false`"),
            ("tls: { verify: false, ca: x }", "`ca` has no meaning with `verify: false`"),
            ("tls: { name: \"*.a.test\" }", "name: `*.a.test` is not a host name or an address"),
            ("tls: { ca: x }", "instances have no host name that their certificate could have"),
        ])
    func `what a service can't be told`(_ line: String, _ problem: String) {
        let found = problems(Sample.with("health: { interval: 2s }", line))
        #expect(found.count == 1 && found[0].hasSuffix(problem), "\(found)")
    }
}
