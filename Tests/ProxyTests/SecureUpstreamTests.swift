// TLS to backends, TLS that goes through unopened, and PROXY headers in front of TLS. The backend behind TLS is a second
// gateway: its listener speaks TLS, ours connects to it.

import Proxy
import Routing
import TLS
import TestCertificates
import Testing
import Vocabulary

@Suite struct SecureUpstreamTests {
    /// A TLS server for `names` in front of an origin.
    private static func backend(_ authority: Authority, _ names: [String], _ origin: Origin) throws -> Plane {
        try Plane([origin.port], dresses: SecureTests.dresses(authority, [authority.issue(names[0], names)]))
    }

    private static func dress(_ context: TLSClientContext, name: String) -> Dresses {
        Dresses(backends: [BackendID(1): UpstreamDress(tls: context, name: name)])
    }

    @Test func `requests go to the backend over TLS, on kept connections, and big bodies come whole`() throws {
        let authority = try Authority()
        let body = String(repeating: "0123456789abcdef", count: 20_000)
        let origin = Origin(answering: body)
        let back = try Self.backend(authority, ["back.test"], origin)
        let plane = try Plane([back.port], dresses: Self.dress(try authority.clientContext(), name: "back.test"))
        for _ in 0..<3 {
            let response = plane.get()
            #expect(response.head.hasPrefix("HTTP/1.1 200"))
            #expect(response.body == body)
        }
        #expect(back.gateway.listenerGauges(Plane.listener)!.handshakes == 1)
        #expect(origin.requests[0].field("X-Forwarded-Proto") == "https")
        #expect(origin.connections == 1)
    }

    @Test func `a backend with another name or another authority gets no request`() throws {
        let authority = try Authority()
        let stranger = try Authority()
        let origin = Origin(answering: "hello")
        let back = try Self.backend(authority, ["back.test"], origin)
        for (context, name, failure) in [
            (try authority.clientContext(), "other.test", "hostname mismatch"),
            (try stranger.clientContext(), "back.test", "unable to get local issuer certificate"),
        ] {
            let plane = try Plane([back.port], dresses: Self.dress(context, name: name)) { service, _ in
                service.holdMax = 0
            }
            let response = plane.get()
            #expect(response.head.hasPrefix("HTTP/1.1 502"))
            #expect(response.body == "connect_failed\n")
            #expect(context.lastFailure?.contains(failure) == true, "\(context.lastFailure ?? "-")")
        }
        #expect(origin.requests.isEmpty)
    }

    @Test func `a backend that speaks plain bytes, and one that says nothing, are not connected to`() throws {
        let authority = try Authority()
        let context = try authority.clientContext()
        let plain = Origin { _, connection, _ in
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            _ = connection.readToEnd()
        }
        let silent = Origin { _, connection, _ in _ = connection.readToEnd() }
        for (origin, reason) in [(plain, "connect_failed"), (silent, "connect_timeout")] {
            let plane = try Plane([origin.port], dresses: Self.dress(context, name: "back.test")) { service, _ in
                service.holdMax = 0
                service.timeouts.connect = .milliseconds(100)
            }
            #expect(plane.get().body == "\(reason)\n")
        }
    }

    @Test func `a response that ends without close_notify is not taken for whole`() throws {
        let authority = try Authority()
        let certificate = try authority.issue("a", ["back.test"])
        let context = try TLSServerContext(
            [certificate], rules: ServerTLSRules(scope: "web"), tickets: TicketKeyRing())
        for isRegular in [true, false] {
            let origin = Origin { _, connection, _ in
                let server = SecureServer(connection, context)
                guard server.shakeHands() else { return }
                _ = server.readHead()
                server.write("HTTP/1.1 200 OK\r\n\r\nall there is")
                if isRegular { server.sayGoodbye() }
                connection.shutdownWriting()
            }
            let plane = try Plane(
                [origin.port], dresses: Self.dress(try authority.clientContext(), name: "back.test"))
            let client = plane.connect()
            client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let text = client.readToEnd()
            #expect(text.contains("all there is"))
            // The last chunk says that it is whole.
            #expect(text.hasSuffix("0\r\n\r\n") == isRegular)
        }
    }

    @Test func `TLS that is passed on goes to the service of its name, end to end`() throws {
        let authority = try Authority()
        let origins = [Origin(answering: "one"), Origin(answering: "two")]
        let backs = try [
            Self.backend(authority, ["one.test"], origins[0]), Self.backend(authority, ["two.test"], origins[1]),
        ]
        let plane = try Plane([backs[0].port]) { _, rules in rules.mode = .tlsPassthrough }
        plane.publish { table in
            table.services.append(
                ServiceRules(name: ServiceName("two"), backends: [Plane.backend(2, port: backs[1].port)]))
            table.passthroughRoutes = [
                Route(host: .exact("one.test"), service: Plane.service),
                Route(host: .suffix("test"), service: ServiceName("two")),
            ]
        }
        for (name, word) in [("one.test", "one"), ("two.test", "two"), ("two.test", "two")] {
            let client = SecureClient(port: plane.port, try authority.clientContext(), name: name)
            #expect(client.shakeHands())
            #expect(client.get(host: name).body == Array(word.utf8))
        }
        let lost = SecureClient(port: plane.port, try authority.clientContext(), name: "elsewhere.example")
        #expect(!lost.shakeHands())
        #expect(lost.session.takeFailure().contains("unrecognized name"))
        let plain = plane.connect()
        plain.write("GET / HTTP/1.1\r\nHost: one.test\r\n\r\n")
        #expect(plain.readToEnd() == "")
        #expect(plane.isQuiet)
        let lines = plane.log(4)
        #expect(lines.contains { value("host", $0) == "one.test" && value("service", $0) == "app" })
        #expect(lines.contains { value("host", $0) == "elsewhere.example" && value("reason", $0) == "no_route" })
    }

    @Test func `a hello that comes byte by byte is passed on whole`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "one")
        let back = try Self.backend(authority, ["one.test"], origin)
        let plane = try Plane([back.port]) { _, rules in rules.mode = .tlsPassthrough }
        plane.publish { $0.passthroughRoutes = [Route(service: Plane.service)] }
        let client = SecureClient(port: plane.port, try authority.clientContext(), name: "one.test")
        #expect(client.shakeHands(bytewise: true))
        #expect(client.get(host: "one.test").body == Array("one".utf8))
    }

    @Test func `the address of a PROXY header is the client's, before TLS and before plain requests`() throws {
        let authority = try Authority()
        let origin = Origin(answering: "hello")
        let secure = try SecureTests.dresses(
            authority, [authority.issue("a", ["a.test"])], readsProxyHeader: true)
        for dresses in [secure, Dresses(listeners: [Plane.listener: ListenerDress(readsProxyHeader: true)])] {
            let isSecure = dresses.listeners[Plane.listener]?.tls != nil
            let plane = try Plane([origin.port], dresses: dresses)
            let header = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
            let before = origin.requests.count
            if isSecure {
                for isSplit in [true, false] {
                    let client = SecureClient(port: plane.port, try authority.clientContext(), name: "a.test")
                    #expect(client.shakeHands(behind: header, isSplit: isSplit))
                    #expect(client.get(host: "a.test").head.hasPrefix("HTTP/1.1 200"))
                }
            } else {
                let client = plane.connect()
                client.write(header + "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.readResponse().body == "hello")
                client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.readResponse().body == "hello")
            }
            #expect(origin.requests.count == before + 2)
            #expect(origin.requests[before...].allSatisfy { $0.field("X-Forwarded-For") == "192.0.2.7" })
            #expect(value("client", plane.log(2)[1]) == "192.0.2.7:4711")
            let liar = plane.connect()
            liar.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(liar.readToEnd() == "")
            #expect(origin.requests.count == before + 2)
        }
    }
}
