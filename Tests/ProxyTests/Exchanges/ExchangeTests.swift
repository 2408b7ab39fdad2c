// The whole border, byte for byte: what reaches a backend, and what comes back, of every case in the tables. A worker
// over real sockets; one client connection per case, and connections to the backend that go from case to case.

import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct ExchangeTests {
    private let backend = RecordingBackend()
    private let plane: Plane

    init() throws {
        plane = try Plane([backend.port])
    }

    private func cases(_ file: String) -> [Exchange] {
        Exchange.read(file, backend: "127.0.0.1:\(backend.port)")
    }

    @Test func `every request reaches the backend as the table says, or not at all`() throws {
        let cases = cases("exchanges-requests.txt")
        #expect(cases.count >= 190)
        for sample in cases { run(sample) }
    }

    @Test func `every response reaches the client as the table says`() throws {
        let cases = cases("exchanges-responses.txt")
        #expect(cases.count >= 110)
        for sample in cases { run(sample) }
    }

    /// How a chunked body is cut into chunks depends on the pieces it comes in, and is no part of the message.
    @Test func `a request that comes byte by byte makes no difference`() throws {
        let cases = cases("exchanges-requests.txt").filter { sample in
            !String(decoding: sample.sent, as: UTF8.self).lowercased().contains("chunked")
        }
        #expect(cases.count >= 140)
        for sample in cases { run(sample, byByte: true) }
    }

    @Test func `every malformed request is refused and leaves the backend alone`() throws {
        let lines = ["malformed-requests.txt", "malformed-chunks.txt"].flatMap { file in
            Fixture.text(file).components("\n").filter { !$0.isEmpty && !$0.hasPrefix("#") }
        }
        #expect(lines.count >= 130)
        for line in lines {
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            var sample = Exchange(name: String(parts[0]), section: "")
            sample.sent = Fixture.unescaped(parts[2])
            sample.status = Int(parts[1])!
            sample.end = .close
            run(sample)
        }
    }

    @Test func `a route is found by the normal form of the path, which is what its backend gets`() throws {
        let guarded = RecordingBackend()
        let plane = try Plane([backend.port, guarded.port])
        plane.publish { table in
            let rules = table.services[0]
            table.services[0].backends.removeLast()
            var service = ServiceRules(name: ServiceName("guarded"))
            service.backends = [rules.backends[1]]
            table.services.append(service)
            table.routes.append(Route(path: "/guarded", service: service.name))
            table.routes.append(Route(path: "/%41%2fb/", service: service.name))
        }
        let paths = [
            ("/guarded", "/guarded"), ("/a/../guarded", "/guarded"), ("/%67uarded/x", "/guarded/x"),
            ("/./guarded/", "/guarded/"), ("/a/%2e%2e/guarded", "/guarded"), ("/../guarded?q", "/guarded?q"),
            ("http://h/a/../guarded", "/guarded"), ("/A%2Fb/c", "/A%2Fb/c"), ("/A%2fb", "/A%2fb"),
            ("/%41%2fb", "/A%2Fb"),
        ]
        let others = [
            ("//guarded", "//guarded"), ("/guarded/..", "/"), ("/guarded/%2E%2E/x", "/x"),
            ("/a%2F/guarded", "/a%2F/guarded"), ("/a%2Fguarded", "/a%2Fguarded"), ("/GUARDED", "/GUARDED"),
            ("/%2567uarded", "/%2567uarded"), ("/A/b", "/A/b"), ("/?/../guarded", "/?/../guarded"),
        ]
        for (paths, target) in [(paths, guarded), (others, backend)] {
            for (sent, expected) in paths {
                let step = Exchange.Step(
                    expected: Exchange.forwarded("GET \(expected) HTTP/1.1"),
                    answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
                target.begin([step])
                let client = plane.connect()
                client.write("GET \(sent) HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(client.readResponse().head.hasPrefix("HTTP/1.1 200"), "\(sent)")
                #expect(target.recorded == step.expected, "\(sent)")
            }
        }
    }

    // MARK: One case

    private static let probe = "GET /probe HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let probeAnswer = "HTTP/1.1 204 Probed\r\n"

    /// Sends what the client sends, and compares what arrives on both sides. A last request, on the same connection where
    /// that must go on, shows that nothing was left over anywhere.
    private func run(_ sample: Exchange, byByte: Bool = false) {
        let probe = Exchange.Step(
            expected: Exchange.forwarded("GET /probe HTTP/1.1"), answer: Array("\(Self.probeAnswer)\r\n".utf8))
        backend.begin(sample.steps + [probe])
        var client = plane.connect()
        if byByte {
            for byte in sample.sent { client.write([byte]) }
        } else {
            client.write(sample.sent)
        }
        checkClient(client, sample)
        if sample.end != .keep { client = plane.connect() }
        client.write(Self.probe)
        #expect(client.readHead().hasPrefix(Self.probeAnswer), "\(sample.name): the probe")
        let expected = Fixture.escaped((sample.steps + [probe]).flatMap(\.expected))
        let recorded = Fixture.escaped(backend.recorded)
        #expect(recorded == expected, "\(sample.name) at the backend")
    }

    private func checkClient(_ client: Socket, _ sample: Exchange) {
        let start = "HTTP/1.1 \(sample.status) "
        if let expected = sample.received {
            let bytes = sample.end == .keep ? client.readBytes(expected.count) : client.readBytes(.max)
            let received = Fixture.escaped(RecordingBackend.masked(bytes))
            #expect(received == Fixture.escaped(expected), "\(sample.name) at the client")
            #expect(received.hasPrefix(start), "\(sample.name)")
        } else {
            let text =
                sample.end == .keep
                ? client.readResponse(toHead: sample.sent.starts(with: "HEAD ".utf8)).head : client.readToEnd()
            #expect(text.hasPrefix(start), "\(sample.name): \(text.prefix(200))")
        }
        if sample.end == .close { #expect(client.ended, "\(sample.name) is not closed") }
        if sample.end == .reset { #expect(client.wasReset, "\(sample.name) is not reset") }
    }
}
