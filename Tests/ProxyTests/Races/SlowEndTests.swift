// An end that takes bytes by and by: no event tells of that, and still nobody is idle or late.

import EventLoop
import Routing
import Testing
import Vocabulary

@Suite struct SlowEndTests {
    private static let ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    private static let agree =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    /// `slow` takes some for a while, in which `connection` stays open, and then nothing more.
    private static func expectPatience(
        _ bench: RaceBench, with slow: ConnectionHandle, of connection: ConnectionHandle
    ) {
        for _ in 0..<5 {
            bench.stage.lines[slow.index]!.taken += 100
            bench.wait(.seconds(10))
            #expect(bench.isOpen(connection))
        }
        bench.wait(.seconds(10))
    }

    @Test(arguments: [true, false]) func `a tunnel is kept while a slow end still takes bytes`(isClientSlow: Bool) {
        let bench = RaceBench { $0.timeouts.tunnel = .seconds(10) }
        let client = bench.accept()
        bench.receive(client, Self.ask)
        let upstream = bench.upstream
        bench.tell(.connected, upstream)
        bench.receive(upstream, Self.agree)
        bench.stage.takesBytes = false
        let slow = isClientSlow ? client : upstream
        bench.receive(isClientSlow ? upstream : client, String(repeating: "x", count: 1000))
        Self.expectPatience(bench, with: slow, of: client)
        #expect(!bench.isOpen(client))
        #expect(!bench.isOpen(upstream))
    }

    @Test func `a tunnel in which nothing waits is closed when its time is over`() {
        let bench = RaceBench { $0.timeouts.tunnel = .seconds(10) }
        let client = bench.accept()
        bench.receive(client, Self.ask)
        bench.tell(.connected, bench.upstream)
        bench.receive(bench.upstream, Self.agree)
        bench.receive(client, "x")
        bench.wait(.milliseconds(9_999))
        #expect(bench.isOpen(client))
        bench.wait(.milliseconds(1))
        #expect(!bench.isOpen(client))
    }

    @Test func `a backend that takes a body slowly is not late while it takes some`() {
        let bench = RaceBench { $0.timeouts.response = .seconds(10) }
        let client = bench.accept()
        bench.receive(client, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n")
        let upstream = bench.upstream
        bench.tell(.connected, upstream)
        bench.stage.takesBytes = false
        bench.receive(client, String(repeating: "x", count: 1000))
        Self.expectPatience(bench, with: upstream, of: upstream)
        #expect(!bench.isOpen(upstream))
        bench.stage.takesBytes = true
        #expect(bench.sent(client).hasPrefix("HTTP/1.1 504 "))
    }
}
