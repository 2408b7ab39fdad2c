// Splices of both backends: no byte is lost, doubled or told wrong, however they end.

import CKernel
import EventLoop
import Glibc
import Kernel
import Testing

/// Passes bytes from one connection to another as the session logic does, and counts what it is told.
private final class Relay {
    let bench: Bench
    let source: ConnectionHandle
    let sink: ConnectionHandle
    /// The test's ends of the two.
    let sender: CInt
    let receiver: CInt
    let count: Int
    var received = 0
    var spliced = 0
    var congestions = 0
    /// The pipe holds bytes that the sink does not take, and nothing else waits for it.
    var isPipeFull = false

    init(_ backend: Backend, count: Int) throws {
        signal(SIGPIPE, SIG_IGN)
        bench = try backend.bench()
        self.count = count
        sender = bench.connect()
        try #require(bench.next() == .accepted)
        source = bench.event.connection
        receiver = bench.connect()
        try #require(bench.next() == .accepted)
        sink = bench.event.connection
    }

    deinit {
        close(sender)
        close(receiver)
    }

    var told: Int { received + spliced }

    /// Goes on until `count` bytes were told, something else happens, or `isEnough`.
    func run(until isEnough: () -> Bool = { false }) -> LoopEvent.Kind? {
        while told < count, !isEnough() {
            let kind = bench.next()
            switch kind {
            case .received where bench.event.connection == source:
                received += bench.event.bytes.count
                isPipeFull = false
                bench.send(sink, Array(bench.event.bytes))
                wait()
                if told < count { _ = bench.splice(source, to: sink, count: UInt64(count - told)) }
            case .spliced:
                spliced += bench.event.count
                wait()
                isPipeFull = bench.isCongested(sink)
            case .drained: bench.resumeReceiving(source)
            default: return kind
            }
        }
        return nil
    }

    private func wait() {
        guard bench.isCongested(sink) else { return }
        congestions += 1
        bench.pauseReceiving(source)
    }

    /// Writes `bytes` into the source from a thread of its own, and does `last`.
    func feed(_ bytes: [UInt8], then last: @escaping @Sendable (CInt) -> Void = { _ in }) throws -> NativeThread {
        let sender = sender
        return try NativeThread(name: "sender") {
            var offset = 0
            bytes.withUnsafeBytes { raw in
                while offset < raw.count {
                    let sent = send(sender, raw.baseAddress! + offset, raw.count - offset, CInt(MSG_NOSIGNAL))
                    guard sent > 0 else { break }
                    offset += sent
                }
            }
            last(sender)
        }
    }

    /// Joins the sender, which after a fault would write for ever.
    func finish(_ thread: NativeThread) {
        if told < count { shutdown(sender, CInt(SHUT_WR)) }
        thread.join()
    }

    /// Reads as many bytes from the sink on a thread of its own, and compares them.
    func drink(_ expected: [UInt8], _ isSame: UnsafeMutablePointer<Bool>) throws -> NativeThread {
        let receiver = receiver
        // After a fault it would wait for ever.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        nonisolated(unsafe) let isSame = isSame
        return try NativeThread(name: "receiver") {
            var got = [UInt8](repeating: 0, count: expected.count)
            var offset = 0
            while offset < got.count, case let count = recv(receiver, &got[offset], got.count - offset, 0), count > 0 {
                offset += count
            }
            isSame.pointee = offset == expected.count && got == expected
        }
    }
}

@Suite struct SpliceTests {
    /// Bytes that repeat with a prime period: a lost or doubled page shows.
    private static func pattern(_ count: Int) -> [UInt8] {
        let period = (0..<65_537).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += period }
        return Array(bytes[..<count])
    }

    @Test(arguments: Backend.available) func `bytes cross unchanged, and what follows is received`(backend: Backend)
        throws
    {
        let bytes = Self.pattern(8 << 20)
        let relay = try Relay(backend, count: bytes.count)
        let isSame = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
        defer { isSame.deallocate() }
        let sender = try relay.feed(bytes + Array("next".utf8))
        // Only once the sink has been full: the reader waits for that.
        #expect(relay.run { relay.congestions > 0 } == nil)
        let receiver = try relay.drink(bytes, isSame)
        #expect(relay.run() == nil)
        receiver.join()
        #expect(isSame.pointee)
        #expect(relay.told == bytes.count)
        #expect(relay.spliced > bytes.count / 2)
        #expect(relay.bench.sentBytes(relay.sink) == UInt64(bytes.count))
        #expect(relay.bench.unsentBytes(relay.sink) == 0)
        relay.bench.resumeReceiving(relay.source)
        #expect(relay.bench.next() == .received)
        #expect(Array(relay.bench.event.bytes) == Array("next".utf8))
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `an early end is told behind the last byte`(backend: Backend) throws {
        let bytes = Self.pattern(3 << 20)
        let relay = try Relay(backend, count: 2 * bytes.count)
        let isSame = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
        defer { isSame.deallocate() }
        let sender = try relay.feed(bytes) { shutdown($0, CInt(SHUT_WR)) }
        let receiver = try relay.drink(bytes, isSame)
        #expect(relay.run() == .ended)
        #expect(relay.bench.event.connection == relay.source)
        #expect(relay.told == bytes.count)
        #expect(relay.spliced > 0)
        receiver.join()
        #expect(isSame.pointee)
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `an urgent byte, which no splice steps over, does not stop it`(
        backend: Backend
    ) throws {
        let bytes = Self.pattern(4 << 20)
        let half = Array(bytes[..<(2 << 20)])
        let relay = try Relay(backend, count: bytes.count)
        let isSame = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
        defer { isSame.deallocate() }
        let sender = try relay.feed(half) { sender in
            send(sender, "!", 1, CInt(MSG_OOB))
            var offset = half.count
            bytes.withUnsafeBytes { raw in
                while case let sent = send(sender, raw.baseAddress! + offset, raw.count - offset, CInt(MSG_NOSIGNAL)),
                    sent > 0
                {
                    offset += sent
                }
            }
        }
        let receiver = try relay.drink(bytes, isSame)
        #expect(relay.run() == nil)
        receiver.join()
        #expect(isSame.pointee)
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `a source that breaks is told`(backend: Backend) throws {
        let relay = try Relay(backend, count: 1 << 30)
        let sender = try relay.feed(Self.pattern(1 << 20)) { sender in
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(sender, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            shutdown(sender, CInt(SHUT_RD))
            close(dup2(open("/dev/null", O_RDONLY), sender))
        }
        // The sink is full, so the reset comes while the source is paused, or in between.
        var kind: LoopEvent.Kind?
        repeat {
            kind = relay.run()
            if kind == .hangup { relay.bench.resumeReceiving(relay.source) }
        } while kind == .hangup
        #expect(kind == .broken || kind == .ended)
        #expect(relay.bench.event.connection == relay.source)
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `when the sink breaks, every byte of the source is still told`(
        backend: Backend
    ) throws {
        let bytes = Self.pattern(12 << 20)
        let relay = try Relay(backend, count: bytes.count)
        let sender = try relay.feed(bytes)
        #expect(relay.run { relay.isPipeFull } == nil)
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(relay.receiver, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(dup2(open("/dev/null", O_RDONLY), relay.receiver))
        var isFailed = false
        while relay.told < bytes.count, let kind = relay.run() {
            guard [.sendFailed, .ended, .broken].contains(kind), relay.bench.event.connection == relay.sink else {
                Issue.record("told \(kind)")
                break
            }
            if kind == .sendFailed { isFailed = true }
            relay.bench.resumeReceiving(relay.source)
        }
        #expect(isFailed)
        #expect(relay.told == bytes.count)
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `what is sent meanwhile comes behind what was taken`(backend: Backend)
        throws
    {
        let bytes = Self.pattern(12 << 20)
        let relay = try Relay(backend, count: bytes.count)
        let sender = try relay.feed(bytes)
        #expect(relay.run { relay.isPipeFull } == nil)
        // The sink is full and the pipe holds bytes.
        let held = relay.bench.unsentBytes(relay.sink)
        #expect(held > 0)
        let taken = relay.told + held
        relay.bench.send(relay.sink, Array("END".utf8))
        relay.bench.shutdownSending(relay.sink)
        let isSame = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
        defer { isSame.deallocate() }
        let receiver = try relay.drink(Array(bytes[..<taken]) + Array("END".utf8), isSame)
        while relay.bench.unsentBytes(relay.sink) > 0, relay.bench.next() == .drained {}
        receiver.join()
        #expect(isSame.pointee)
        // The source was not lost sight of.
        relay.bench.resumeReceiving(relay.source)
        #expect(relay.bench.next() == .spliced)
        #expect(relay.bench.event.count == held)
        #expect(relay.bench.next() == .received)
        relay.bench.close(relay.source)
        relay.finish(sender)
    }

    @Test(arguments: Backend.available) func `closing either end ends it and keeps no descriptor`(backend: Backend)
        throws
    {
        for closesSink in [true, false] {
            let bytes = Self.pattern(12 << 20)
            let relay = try Relay(backend, count: bytes.count)
            let before = relay.bench.openDescriptors
            let sender = try relay.feed(bytes)
            #expect(relay.run { relay.isPipeFull } == nil)
            #expect(relay.bench.openDescriptors == before + 2)
            #expect(relay.bench.lentBytes >= relay.bench.unsentBytes(relay.sink))
            if closesSink {
                let held = relay.bench.unsentBytes(relay.sink)
                relay.bench.close(relay.sink)
                relay.bench.resumeReceiving(relay.source)
                #expect(relay.bench.next() == .spliced)
                #expect(relay.bench.event.count == held)
                #expect(relay.bench.next() == .received)
                #expect(relay.bench.openDescriptors == before - 1)
                relay.bench.close(relay.source)
            } else {
                relay.bench.close(relay.source)
                #expect(relay.bench.openDescriptors == before - 1)
                relay.bench.close(relay.sink)
            }
            relay.finish(sender)
            #expect(relay.bench.isQuiet())
            #expect(relay.bench.lentBytes == 0)
        }
    }

    /// Pipes are got the same way in both loops; this one takes a splice at any time.
    @Test func `a system that refuses a pipe is left alone for a while`() throws {
        let relay = try Relay(.epoll, count: 1 << 30)
        send(relay.sender, "x", 1, CInt(MSG_NOSIGNAL))
        #expect(relay.bench.next() == .received)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var none = limit
        // The next free descriptor is the first one too many.
        let next = open("/dev/null", O_RDONLY)
        close(next)
        none.rlim_cur = rlim_t(next)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
        let isRefused = relay.bench.splice(relay.source, to: relay.sink, count: 1 << 20) == false
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(isRefused)
        var refusals = 0
        while refusals < 10_000, relay.bench.splice(relay.source, to: relay.sink, count: 1 << 20) == false {
            refusals += 1
        }
        #expect((100..<10_000).contains(refusals))
    }
}
