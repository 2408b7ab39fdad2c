// Connections that end while, or just before, a request is put on them. What may be sent again, what must not, and what
// is learned from it.

import EventLoop
import Routing
import Testing
import Vocabulary

@Suite struct KeepAliveRaceTests {
    private static let post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
    private static let chunkedHead = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static func keeping(seconds: Int) -> String {
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=\(seconds), max=9\r\nContent-Length: 0\r\n\r\n"
    }

    // MARK: The learned limit

    @Test func `a backend's idle timer is learned, and the pool is quicker`() {
        let bench = RaceBench()
        let client = bench.accept()
        for _ in 0..<3 {
            let upstream = bench.exchange(client)
            bench.wait(.seconds(1))
            #expect(bench.isOpen(upstream))
            bench.tell(.ended, upstream)
            #expect(!bench.isOpen(upstream))
        }
        let upstream = bench.exchange(client)
        #expect(bench.stage.line(upstream).deadline == bench.stage.now + .milliseconds(875))
        bench.wait(.milliseconds(874))
        #expect(bench.isOpen(upstream))
        bench.wait(.milliseconds(1))
        #expect(!bench.isOpen(upstream))
    }

    @Test func `a connection is not used after its time, even when its deadline was not told yet`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client, answer: Self.keeping(seconds: 2))
        bench.stage.now = bench.stage.now + .milliseconds(1749)
        bench.receive(client, RaceBench.get)
        #expect(bench.stage.upstreams.count == 1)
        bench.receive(upstream, RaceBench.ok)
        bench.stage.now = bench.stage.now + .milliseconds(1750)
        bench.receive(client, RaceBench.get)
        #expect(bench.stage.upstreams.count == 2)
        #expect(!bench.isOpen(upstream))
    }

    @Test func `a backend that keeps no idle connection gets none back`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client, answer: Self.keeping(seconds: 0))
        #expect(!bench.isOpen(upstream))
    }

    @Test func `the configured time stays when the backend's is longer`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client, answer: Self.keeping(seconds: 60))
        #expect(bench.stage.line(upstream).deadline == bench.stage.now + .seconds(4))
    }

    @Test func `lost races teach the limit, too`() {
        let bench = RaceBench()
        let client = bench.accept()
        var upstream = bench.exchange(client)
        for _ in 0..<3 {
            bench.wait(.seconds(2))
            bench.receive(client, RaceBench.get)
            bench.tell(.ended, upstream)
            upstream = bench.upstream
            bench.tell(.connected, upstream)
            bench.receive(upstream, RaceBench.ok)
        }
        #expect(bench.stage.line(upstream).deadline == bench.stage.now + .milliseconds(1750))
    }

    @Test func `a restart of the backend teaches nothing`() {
        let bench = RaceBench()
        let clients = (0..<20).map { _ in bench.accept() }
        var upstreams: [ConnectionHandle] = []
        for client in clients {
            bench.receive(client, RaceBench.get)
            bench.tell(.connected, bench.upstream)
            upstreams.append(bench.upstream)
        }
        for upstream in upstreams { bench.receive(upstream, RaceBench.ok) }
        bench.wait(.milliseconds(500))
        for upstream in upstreams { bench.tell(.ended, upstream) }
        let upstream = bench.exchange(clients[0])
        #expect(bench.stage.line(upstream).deadline == bench.stage.now + .seconds(4))
    }

    // MARK: What is sent again

    @Test func `a GET that loses the race goes once more, on a fresh connection and not on the next stale one`() {
        // Without any retry allowed: the grace is not one.
        let bench = RaceBench { $0.retriesMax = 0 }
        let clients = [bench.accept(), bench.accept()]
        for client in clients { bench.receive(client, RaceBench.get) }
        let upstreams = bench.stage.upstreams
        for upstream in upstreams { bench.tell(.connected, upstream) }
        for upstream in upstreams { bench.receive(upstream, RaceBench.ok) }
        for client in clients { _ = bench.sent(client) }
        bench.receive(clients[0], RaceBench.get)
        bench.tell(.broken, upstreams[1])
        #expect(bench.stage.upstreams.count == 3)
        #expect(bench.isOpen(upstreams[0]))
        bench.tell(.connected, bench.upstream)
        #expect(bench.sent(bench.upstream).hasPrefix("GET / HTTP/1.1\r\n"))
        bench.tell(.ended, bench.upstream)
        #expect(bench.stage.upstreams.count == 3)
        #expect(bench.sent(clients[0]).hasPrefix("HTTP/1.1 502 "))
    }

    @Test(arguments: [LoopEvent.Kind.ended, .broken])
    func `a POST that loses the race is never sent twice`(kind: LoopEvent.Kind) {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        let upstream = bench.exchange(client)
        _ = (bench.sent(client), bench.sent(upstream))
        bench.receive(client, Self.post)
        let other = bench.upstream
        if other != upstream { bench.tell(.connected, other) }
        #expect(bench.sent(other).hasSuffix("\r\n\r\nhi"))
        bench.stage.lines[other.index]!.taken = 1
        bench.tell(kind, other)
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 502 "))
        #expect(bench.stage.upstreams.last == other)
    }

    @Test func `a POST of which the system took nothing is sent again, body and all`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client)
        _ = (bench.sent(client), bench.sent(upstream))
        bench.stage.takesBytes = false
        // Too long for the room that any head leaves, so that room was made for it.
        let body = String(repeating: "x", count: 8000)
        bench.receive(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000\r\n\r\n\(body)")
        bench.stage.takesBytes = true
        bench.tell(.broken, upstream)
        #expect(bench.stage.upstreams.count == 2)
        bench.tell(.connected, bench.upstream)
        let sent = bench.sent(bench.upstream)
        #expect(sent.hasPrefix("POST / HTTP/1.1\r\n") && sent.hasSuffix("\r\n\r\n\(body)"))
        bench.receive(bench.upstream, RaceBench.ok)
        #expect(bench.sent(client).hasSuffix("\r\n\r\nok"))
    }

    @Test func `a POST asks the system about a connection before it is put on it`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client)
        bench.stage.lines[upstream.index]!.hasInput = true
        bench.receive(client, Self.post)
        #expect(bench.stage.upstreams.count == 2)
        #expect(!bench.isOpen(upstream))
    }

    @Test func `bytes on an idle connection end it and reach nobody`() {
        let bench = RaceBench()
        let client = bench.accept()
        let upstream = bench.exchange(client)
        _ = bench.sent(client)
        bench.receive(upstream, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nevil")
        #expect(!bench.isOpen(upstream))
        _ = bench.exchange(client)
        #expect(bench.sent(client).hasSuffix("\r\n\r\nok"))
    }

    @Test func `after an interim response nothing is sent again`() {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        bench.receive(client, RaceBench.get)
        bench.tell(.connected, bench.upstream)
        bench.receive(bench.upstream, "HTTP/1.1 103 Early Hints\r\n\r\n")
        bench.tell(.ended, bench.upstream)
        #expect(bench.stage.upstreams.count == 1)
        #expect(bench.sent(client).contains("HTTP/1.1 502 "))
    }

    // MARK: What was forgotten

    /// Its content without the chunk heads would be read as chunk heads: the content is a client's to choose.
    @Test func `a chunked body that came in a read of its own is not sent again without its chunk heads`() {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        bench.receive(client, Self.chunkedHead)
        let upstream = bench.upstream
        bench.tell(.connected, upstream)
        let smuggled = "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n"
        bench.receive(client, String(smuggled.utf8.count, radix: 16) + "\r\n")
        bench.receive(client, smuggled)
        bench.receive(client, "\r\n0\r\n\r\n")
        bench.tell(.ended, upstream)
        #expect(bench.stage.upstreams.count == 1)
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 502 "))
    }

    @Test func `an empty chunked body is not sent again without its last chunk`() {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        bench.receive(client, Self.chunkedHead)
        let upstream = bench.upstream
        bench.tell(.connected, upstream)
        bench.receive(client, "0\r\n\r\n")
        bench.tell(.ended, upstream)
        #expect(bench.stage.upstreams.count == 1)
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 502 "))
    }

    @Test func `a body of which a part is gone is not sent again, even if the system took nothing`() {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        let size = 40_000
        bench.receive(client, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\n\r\n")
        let upstream = bench.upstream
        bench.stage.takesBytes = false
        bench.tell(.connected, upstream)
        bench.receive(client, String(repeating: "x", count: size - 1))
        bench.stage.takesBytes = true
        bench.tell(.broken, upstream)
        #expect(bench.stage.upstreams.count == 1)
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 502 "))
    }

    @Test func `a short body is sent again whole`() {
        let bench = RaceBench(backends: 2)
        let client = bench.accept()
        bench.receive(client, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        let upstream = bench.upstream
        bench.tell(.connected, upstream)
        bench.receive(client, "cd")
        bench.tell(.ended, upstream)
        #expect(bench.stage.upstreams.count == 2)
        bench.tell(.connected, bench.upstream)
        #expect(bench.sent(bench.upstream).hasSuffix("\r\n\r\nabcd"))
    }

    @Test func `the last response of a connection leaves with its end`() {
        let bench = RaceBench()
        let client = bench.accept()
        bench.receive(client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        bench.tell(.connected, bench.upstream)
        bench.receive(bench.upstream, RaceBench.ok)
        #expect(!bench.isOpen(client))
        #expect(bench.stage.line(client).isCorked)
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 200 "))
    }
}
