// Probes against backends that answer, refuse, stall, break off and lie.

import Foundation
import Glibc
import Kernel
import Synchronization
import Testing
import Vocabulary

@testable import Probing

@Suite(.timeLimit(.minutes(1))) struct ProberTests {
    private let prober: Prober
    private static let patient = Duration.seconds(60)

    init() throws {
        prober = try Prober()
    }

    private func http(
        _ endpoint: Endpoint, path: String = "/health", timeout: Duration = Self.patient
    ) -> ProbeOrder {
        ProbeOrder(endpoint: endpoint, kind: .http(path: path, host: "shop.example"), timeout: timeout)
    }

    /// A backend that reads the request and says `answer`.
    private func answering(_ answer: String, at endpoint: Endpoint? = nil) throws -> ScriptedBackend {
        try ScriptedBackend(endpoint ?? .tcp(host: "127.0.0.1", port: 0)) { connection in
            _ = ScriptedBackend.readHead(connection)
            ScriptedBackend.say(connection, answer)
        }
    }

    @Test func `a 200 passes and says how long it took`() async throws {
        let backend = try answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let report = await prober.probe(http(backend.endpoint))
        #expect(report.isPass)
        #expect(report.detail == "200 in \(ProbeWording.milliseconds(report.latency))")
        #expect(report.latency > .zero)
    }

    @Test func `the request is complete and names the prober`() async throws {
        let asked = Mutex("")
        let backend = try ScriptedBackend { connection in
            let head = ScriptedBackend.readHead(connection)
            asked.withLock { $0 = head }
            ScriptedBackend.say(connection, "HTTP/1.0 204\r\n\r\n")
        }
        #expect(await prober.probe(http(backend.endpoint, path: "/h?x=1")).isPass)
        #expect(
            asked.withLock { $0 }
                == "GET /h?x=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: portico-probe\r\nConnection: close\r\n\r\n"
        )
    }

    @Test(arguments: [
        ("HTTP/1.1 503 Busy\r\n\r\n", "GET /health answered 503 in "),
        ("HTTP/1.1 404 No\r\n\r\n", "GET /health answered 404 in "),
        (
            "HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n",
            "301 to /x: a redirect is not a pass, probe the final path"
        ), ("HTTP/1.1 304 Same\r\n\r\n", "304 in "),
        ("hello\r\n", "the first line is not HTTP/1.x: hello"),
        ("", "it closed the connection before it had answered"),
        ("HTTP/1.1 2", "it closed the connection before it had answered"),
        ("HTTP/1.1 200" + String(repeating: "x", count: 5000), "the head of its answer is longer than 4KiB"),
        (
            "HTTP/1.1 302 Found\r\nX: " + String(repeating: "x", count: 5000),
            "the head of its answer is longer than 4KiB"
        ),
    ])
    func `anything but a 2xx fails and says why`(answer: String, detail: String) async throws {
        let backend = try answering(answer)
        let report = await prober.probe(http(backend.endpoint))
        #expect(!report.isPass)
        #expect(report.detail.hasPrefix(detail), "\(report.detail)")
    }

    @Test func `an answer in pieces is put together`() async throws {
        let backend = try ScriptedBackend { connection in
            var one: CInt = 1
            setsockopt(connection, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
            for character in "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" {
                ScriptedBackend.say(connection, String(character))
            }
            // Until the prober has closed.
            var byte: UInt8 = 0
            shutdown(connection, CInt(SHUT_WR))
            while read(connection, &byte, 1) > 0 {}
        }
        #expect(await prober.probe(http(backend.endpoint)).isPass)
    }

    @Test func `a port that nobody listens on is refused, in words`() async throws {
        let reservation = try PortReservation()
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: reservation.port)
        for kind in [ProbeOrder.Kind.tcp, .http(path: "/", host: "h")] {
            let report = await prober.probe(ProbeOrder(endpoint: endpoint, kind: kind, timeout: Self.patient))
            #expect(report.isPass == false)
            #expect(report.detail == "connection refused: nothing listens on \(endpoint)")
        }
    }

    @Test func `a tcp probe passes on connection`() async throws {
        let backend = try ScriptedBackend { _ in }
        let report = await prober.probe(ProbeOrder(endpoint: backend.endpoint, kind: .tcp, timeout: Self.patient))
        #expect(report.isPass)
        #expect(report.detail.hasPrefix("connected in "))
    }

    @Test func `a backend that says nothing fails at the deadline and delays no other`() async throws {
        let release = try WakeDescriptor()
        let number = release.number
        let mute = try ScriptedBackend { connection in
            _ = ScriptedBackend.readHead(connection)
            var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, 60_000)
        }
        let quick = try answering("HTTP/1.1 200 OK\r\n\r\n")
        async let stuck = prober.probe(http(mute.endpoint))
        for _ in 0..<20 { #expect(await prober.probe(http(quick.endpoint)).isPass) }
        let late = await prober.probe(http(mute.endpoint, timeout: .milliseconds(250)))
        #expect(late.detail == "no answer within 250ms")
        #expect(late.latency >= .milliseconds(250))
        release.wake()
        #expect(await stuck.detail == "it closed the connection before it had answered")
    }

    @Test func `many probes run at once`() async throws {
        let backend = try answering("HTTP/1.1 200 OK\r\n\r\n")
        let order = http(backend.endpoint)
        let passed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 { group.addTask { await prober.probe(order).isPass } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(passed == 200)
    }

    @Test func `unix endpoints are probed too`() async throws {
        let path = "/tmp/portico-probe-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
        let missing = await prober.probe(http(.unix(path: path)))
        #expect(missing.detail == "there is no socket \(path)")
        let backend = try answering("HTTP/1.1 200 OK\r\n\r\n", at: .unix(path: path))
        #expect(await prober.probe(http(backend.endpoint)).isPass)
    }

    @Test func `what can't be probed is said`() async throws {
        let name = await prober.probe(http(.tcp(host: "localhost", port: 80)))
        #expect(
            name.detail == "not probed: localhost:80 is not a numeric address, nor a unix path of at most 107 bytes")
        for path in ["health", "/a b", "/a\r\nX: y", ""] {
            let report = await prober.probe(http(.tcp(host: "127.0.0.1", port: 1), path: path))
            #expect(report.detail == ProbeWording.unusableRequest)
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL])
    func `our own want of descriptors or ports says nothing of the backend`(errno: CInt) {
        #expect(ProbeWording.verdict(on: errno) == .notSent)
    }

    @Test(arguments: [ECONNREFUSED, ENOENT, EACCES, EHOSTUNREACH, ETIMEDOUT, ECONNRESET])
    func `what the backend's side does is a failure`(errno: CInt) {
        #expect(ProbeWording.verdict(on: errno) == .failed)
    }

    @Test func `cancelling a task ends its probe at once`() async throws {
        let accepted = AsyncStream.makeStream(of: Void.self)
        let release = try WakeDescriptor()
        let number = release.number
        let mute = try ScriptedBackend { _ in
            accepted.continuation.yield()
            var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, 60_000)
        }
        let order = http(mute.endpoint)
        let task = Task { await prober.probe(order) }
        var arrivals = accepted.stream.makeAsyncIterator()
        await arrivals.next()
        task.cancel()
        #expect(await task.value.detail == "not probed: the probe was called off")
        #expect(await task.value.verdict == .notSent)
        // Cancelled before it even began.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await prober.probe(order)
        }
        #expect(await early.value.detail == "not probed: the probe was called off")
        release.wake()
    }

    @Test func `a probe may be called off at any moment`() async throws {
        let silence = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        let order = http(silence.bound)
        for round in 0..<2_000 {
            let task = Task { await prober.probe(order) }
            // Somewhere between its first step and its wait for an answer.
            for _ in 0..<round % 200 * 20 { _ = task.isCancelled }
            task.cancel()
            #expect(await task.value.verdict == .notSent)
            // What the silent server has not accepted would fill its queue.
            close(accept(silence.descriptors[0], nil, nil))
        }
    }

    @Test func `stopping fails what is under way and what comes after`() async throws {
        let accepted = AsyncStream.makeStream(of: Void.self)
        let release = try WakeDescriptor()
        let number = release.number
        let mute = try ScriptedBackend { _ in
            accepted.continuation.yield()
            var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, 60_000)
        }
        async let stuck = prober.probe(http(mute.endpoint))
        var arrivals = accepted.stream.makeAsyncIterator()
        await arrivals.next()
        prober.stop()
        #expect(await stuck.detail == "not probed: the front door is stopping")
        #expect(await prober.probe(http(mute.endpoint)).detail == "not probed: the front door is stopping")
        release.wake()
    }

    @Test func `a backend that is still writing is not reset by the verdict`() async throws {
        let outcome = AsyncStream.makeStream(of: Int.self)
        let body = String(repeating: "x", count: 64 * 1024)
        let backend = try ScriptedBackend { connection in
            _ = ScriptedBackend.readHead(connection)
            var byte: UInt8 = 0
            ScriptedBackend.say(connection, "HTTP/1.1 200 OK\r\n\r\n")
            ScriptedBackend.say(connection, body)
            shutdown(connection, CInt(SHUT_WR))
            // 0: the prober closed in order; -1: it reset the connection.
            outcome.continuation.yield(read(connection, &byte, 1))
        }
        #expect(await prober.probe(http(backend.endpoint)).isPass)
        var outcomes = outcome.stream.makeAsyncIterator()
        #expect(await outcomes.next() == 0)
    }

    @Test func `a real server passes`() async throws {
        let null = OwnedDescriptor(open("/dev/null", O_WRONLY | O_CLOEXEC))
        let reservation = try PortReservation()
        let child = try ChildProcess(
            starting: ProcessOrder(
                argv: ["python3", "-m", "http.server", "-b", "127.0.0.1", "\(reservation.port)"],
                environment: ["PATH": String(cString: getenv("PATH"))], workingDirectory: "/tmp", output: null.number))
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: reservation.port)
        var report = await prober.probe(http(endpoint, path: "/"))
        while report.detail.hasPrefix("connection refused") { report = await prober.probe(http(endpoint, path: "/")) }
        #expect(report.isPass, "\(report.detail)")
        let missing = await prober.probe(http(endpoint, path: "/no-such-file"))
        #expect(missing.detail.hasPrefix("GET /no-such-file answered 404 in "))
        _ = try child.signalGroup(SIGKILL)
        _ = try child.descriptor.ending(isReaped: true)
    }
}
