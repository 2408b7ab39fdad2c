// TLS of listeners over real sockets.

import Proxy
import Routing
import Synchronization
import TLS
import TestCertificates
import Testing
import Vocabulary

@Suite struct SecureTests {
    @Test(arguments: [Authority.Key.ecdsa, .rsa])
    func `requests come through TLS, one after the other, and the backend is told so`(key: Authority.Key) throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let plane = try Plane(
            [origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"], key: key)]))
        let client = try Self.client(plane, authority)
        #expect(client.shakeHands())
        for _ in 0..<3 {
            let response = client.get(host: "a.test")
            #expect(response.head.hasPrefix("HTTP/1.1 200"))
            #expect(response.body == Array("hello".utf8))
        }
        #expect(origin.requests.count == 3)
        #expect(origin.requests.allSatisfy { $0.field("X-Forwarded-Proto") == "https" })
        #expect(origin.requests[0].field("X-Forwarded-For") == "127.0.0.1")
        client.sayGoodbye()
        #expect(client.readToEnd().isRegular)
        #expect(plane.isQuiet)
        let gauges = plane.gateway.listenerGauges(Plane.listener)!
        #expect(gauges.handshakes == 1)
        #expect(gauges.handshakesFailed == 0)
    }

    @Test func `bodies of any size come whole both ways, in one burst and byte by byte`() throws {
        let authority = try Authority()
        let origin = Origin { origin, connection, _ in
            while let head = origin.nextHead(connection) {
                let body = connection.readBytes(Int(head.field("Content-Length") ?? "0")!)
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                connection.write(body)
            }
        }
        let plane = try Plane([origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])]))
        let client = try Self.client(plane, authority)
        #expect(client.shakeHands())
        for count in [0, 1, 16_384, 65_536, 65_537, 1_000_003] {
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            let head = Array("POST /\(count) HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(count)\r\n\r\n".utf8)
            if count < 2 {
                // Each byte is a record.
                for byte in head + body { client.write([byte]) }
            } else {
                client.write(head + body)
            }
            let response = client.readResponse()
            #expect(response.head.hasPrefix("HTTP/1.1 200"))
            #expect(response.body == body, "\(count) bytes")
        }
    }

    @Test func `a backend that is slow to read holds the client back, and nothing is lost`() throws {
        let authority = try Authority()
        let gate = Gate()
        let block = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let body = Array(repeatElement(block, count: 24).joined())
        let origin = Origin { origin, connection, _ in
            guard origin.nextHead(connection) != nil else { return }
            gate.wait()
            let text = connection.readBytes(body.count) == body ? "same" : "other"
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
        let plane = try Plane([origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])]))
        let client = try Self.client(plane, authority)
        #expect(client.shakeHands())
        client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(body.count)\r\n\r\n")
        // Records of this size make more of one receive and what was left of the last than one event can tell.
        for start in stride(from: 0, to: body.count, by: 9000) {
            // Nothing goes on before every buffer on the way is full.
            if !client.socket.isWritable { gate.open() }
            client.write(Array(body[start..<min(start + 9000, body.count)]))
        }
        gate.open()
        #expect(String(decoding: client.readResponse().body, as: UTF8.self) == "same")
    }

    @Test func `a client that never says hello is let go when its time is over`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let plane = try Plane(
            [origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])])
        ) { _, rules in rules.handshakeTimeout = .milliseconds(50) }
        let silent = plane.connect()
        let slow = plane.connect()
        slow.write([22, 3, 1])
        #expect(silent.readToEnd() == "")
        #expect(slow.readToEnd() == "")
        #expect(plane.isQuiet)
        #expect(plane.gateway.listenerGauges(Plane.listener)!.handshakesFailed == 2)
    }

    @Test func `bytes that are no TLS end the connection and nothing else`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let plane = try Plane([origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])]))
        let good = try Self.client(plane, authority)
        #expect(good.shakeHands())
        let plain = plane.connect()
        plain.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        // An alert, no response.
        #expect(!plain.readToEnd().contains("HTTP"))
        #expect(good.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
        #expect(origin.requests.count == 1)
    }

    @Test func `an end without close_notify is no regular end of a tunnel`() throws {
        let authority = try Authority()
        let outcomes = Outcomes()
        let origin = Origin { _, connection, _ in
            // A reset is told once: not to the first read, or the second one sees a regular end.
            outcomes.add(connection.read(5))
            _ = connection.readToEnd()
            outcomes.add(connection.ended ? "ended" : "reset")
        }
        let plane = try Plane(
            [origin.port], isTCP: true, dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])], .any))
        for isRegular in [true, false] {
            let client = try Self.client(plane, authority)
            #expect(client.shakeHands())
            client.write("hello")
            #expect(eventually { outcomes.all.count == (isRegular ? 1 : 3) })
            if isRegular { client.sayGoodbye() }
            client.socket.shutdownWriting()
            #expect(eventually { outcomes.all.count == (isRegular ? 2 : 4) })
        }
        #expect(outcomes.all == ["hello", "ended", "hello", "reset"])
    }

    @Test func `a hundred handshakes at once all come through, while an open connection is served`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let plane = try Plane(
            [origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"], key: .rsa)]))
        let context = try authority.clientContext()
        let first = SecureClient(port: plane.port, context, name: "a.test")
        #expect(first.shakeHands())
        let clients = (0..<100).map { _ in SecureClient(port: plane.port, context, name: "a.test") }
        // All hellos are there before any answer is read.
        for client in clients { client.begin() }
        #expect(first.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
        for client in clients {
            #expect(client.shakeHands())
            #expect(client.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
        }
        #expect(plane.gateway.listenerGauges(Plane.listener)!.handshakes == 101)
    }

    @Test func `a new certificate is for new connections, and the old ones go on`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let plane = try Plane([origin.port], dresses: Self.dresses(authority, [authority.issue("a", ["a.test"])]))
        let old = try Self.client(plane, authority)
        #expect(old.shakeHands())
        #expect(old.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
        plane.publish(dresses: try Self.dresses(authority, [authority.issue("b", ["b.test"])]))
        #expect(old.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
        #expect(try !Self.client(plane, authority).shakeHands())
        #expect(try Self.client(plane, authority, name: "b.test").shakeHands())
        // And back to plain bytes.
        plane.publish(dresses: Dresses())
        #expect(plane.get().body == "hello")
        #expect(old.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
    }

    @Test func `a host of another certificate is misdirected, an unknown one is not`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let certificates = [try authority.issue("a", ["a.test"]), try authority.issue("b", ["*.b.test"])]
        let plane = try Plane([origin.port], dresses: Self.dresses(authority, certificates))
        let client = try Self.client(plane, authority)
        #expect(client.shakeHands())
        for (host, status) in [
            ("a.test", "200"), ("A.Test:443", "200"), ("x.b.test", "421"), ("elsewhere.test", "200"), ("b.test", "200"),
            ("127.0.0.1", "200"),
        ] {
            let response = client.get(host: host)
            #expect(response.head.hasPrefix("HTTP/1.1 \(status)"), "\(host)")
            if status == "421" { #expect(String(decoding: response.body, as: UTF8.self) == "misdirected\n") }
        }
        #expect(origin.requests.count == 5)
        let line = plane.log(6)[2]
        #expect(value("status", line) == "421")
        #expect(value("reason", line) == "misdirected")
    }

    @Test func `a plain listener sends clients to HTTPS, but for the challenges of certificate authorities`() throws {
        let origin = Origin(answering: "token")
        for (port, suffix) in [(443, ""), (8443, ":8443")] as [(UInt16, String)] {
            let plane = try Plane([origin.port]) { _, rules in rules.redirectToHTTPS = port }
            let client = plane.connect()
            for (target, host, location) in [
                ("/", "a.test", "https://a.test\(suffix)/"),
                ("/x/y?q=1&r=/", "a.test:8080", "https://a.test\(suffix)/x/y?q=1&r=/"),
                ("/", "[::1]:80", "https://[::1]\(suffix)/"), ("/", "[::1]", "https://[::1]\(suffix)/"),
                ("http://b.test/z?y", "b.test", "https://b.test\(suffix)/z?y"),
                (
                    "/.well-known/acme-challenge/%2e%2e/../x", "a.test",
                    "https://a.test\(suffix)/.well-known/acme-challenge/%2e%2e/../x"
                ),
            ] {
                client.write("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                let response = client.readResponse()
                #expect(response.head.hasPrefix("HTTP/1.1 308 Permanent Redirect\r\n"))
                #expect(response.head.field("Location") == location)
            }
            client.write("GET /.well-known/acme-challenge/abc HTTP/1.1\r\nHost: a.test\r\n\r\n")
            #expect(client.readResponse().body == "token")
            client.write("GET / HTTP/1.0\r\n\r\n")
            #expect(client.readResponse().head.hasPrefix("HTTP/1.1 404"))
            #expect(client.readToEnd() == "")
        }
        #expect(origin.requests.count == 2)
    }

    // MARK: Parts

    static func dresses(
        _ authority: Authority, _ certificates: [CertificateText], _ protocols: ApplicationProtocols = .http1,
        readsProxyHeader: Bool = false
    ) throws -> Dresses {
        let context = try TLSServerContext(
            certificates, rules: ServerTLSRules(protocols: protocols, scope: "web"), tickets: TicketKeyRing())
        let hosts = ServerNames(context.names.map { ($0, 0) })
        return Dresses(listeners: [
            Plane.listener: ListenerDress(tls: context, readsProxyHeader: readsProxyHeader, certifiedHosts: hosts)
        ])
    }

    static func client(_ plane: Plane, _ authority: Authority, name: String = "a.test") throws -> SecureClient {
        SecureClient(port: plane.port, try authority.clientContext(), name: name)
    }
}

extension Authority {
    /// For clients that believe this authority alone.
    func clientContext() throws -> TLSClientContext {
        try TLSClientContext(ClientTLSRules(verification: .authority(root)))
    }
}

/// What threads of a test saw, in order.
final class Outcomes: Sendable {
    private let seen = Mutex<[String]>([])

    func add(_ text: String) { seen.withLock { $0.append(text) } }

    var all: [String] { seen.withLock { $0 } }
}
