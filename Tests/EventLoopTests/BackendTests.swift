// What each backend of the loop tells, and in which order, over real sockets.

import CKernel
import EventLoop
import Glibc
import Kernel
import Testing
import Vocabulary

/// A backend under test.
enum Backend: CaseIterable {
    case epoll
    case ring

    /// Containers often forbid io_uring; then there is nothing to test.
    static let available: [Backend] = {
        do {
            _ = try RingLoop(LoopLimits())
            return allCases
        } catch {
            return [.epoll]
        }
    }()

    func bench() throws -> Bench {
        switch self {
        case .epoll: try BenchOf<EpollLoop>()
        case .ring: try BenchOf<RingLoop>()
        }
    }
}

/// A loop with one listener, driven by the test's own thread.
class Bench {
    var event = LoopEvent()
    let sockets: ListeningSockets
    let port: UInt16

    init() throws {
        sockets = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        guard case .tcp(_, let port) = sockets.bound else { fatalError() }
        self.port = port
    }

    /// The next event that is not the end of a turn.
    func next() -> LoopEvent.Kind { fatalError("abstract") }
    /// Whether the loop has nothing to tell before it would wait: one whole turn without an event.
    func isQuiet() -> Bool { fatalError("abstract") }
    func send(_ connection: ConnectionHandle, _ bytes: [UInt8]) { fatalError("abstract") }
    func cork(_ connection: ConnectionHandle) { fatalError("abstract") }
    func hurry(_ connection: ConnectionHandle) { fatalError("abstract") }
    func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? { fatalError("abstract") }
    func close(_ connection: ConnectionHandle) { fatalError("abstract") }
    func pauseReceiving(_ connection: ConnectionHandle) { fatalError("abstract") }
    func resumeReceiving(_ connection: ConnectionHandle) { fatalError("abstract") }
    func isStirred(_ connection: ConnectionHandle) -> Bool { fatalError("abstract") }
    func isCongested(_ connection: ConnectionHandle) -> Bool { fatalError("abstract") }
    func unsentBytes(_ connection: ConnectionHandle) -> Int { fatalError("abstract") }
    func sentBytes(_ connection: ConnectionHandle) -> UInt64 { fatalError("abstract") }
    func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool { fatalError("abstract") }
    func reset(_ connection: ConnectionHandle) { fatalError("abstract") }
    var openDescriptors: Int { fatalError("abstract") }
    var lentBytes: Int { fatalError("abstract") }
    func shutdownSending(_ connection: ConnectionHandle) { fatalError("abstract") }
    func pauseListening(token: UInt32) { fatalError("abstract") }
    func resumeListening(token: UInt32) { fatalError("abstract") }
    func stopListening(token: UInt32) { fatalError("abstract") }
    var bell: WakeupBell { fatalError("abstract") }
    func stayAwake() { fatalError("abstract") }
    func arm(_ delay: Duration) { fatalError("abstract") }
    /// Whatever is told next, the end of a turn too.
    func nextOrTurn() -> LoopEvent.Kind { fatalError("abstract") }

    func connect() -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let address = SocketAddress(.tcp(host: "127.0.0.1", port: port))!
        let result = address.withSockAddr { Glibc.connect(descriptor, $0, $1) }
        precondition(result == 0)
        return descriptor
    }
}

/// The bench of one kind of loop.
private final class BenchOf<Loop: EventLoop & ~Copyable>: Bench {
    var loop: Loop

    override init() throws {
        loop = try Loop(LoopLimits())
        try super.init()
        let result = loop.listen(on: sockets.descriptors[0], token: 7)
        precondition(result == 0)
        // A fault shows as an unexpected `.deadline` after 5 s, not as a hang.
        loop.setDeadline(loop.makeTimer(), loop.now + .seconds(5))
    }

    override func next() -> LoopEvent.Kind {
        repeat { loop.next(&event) } while event.kind == .turn
        return event.kind
    }

    override func isQuiet() -> Bool {
        let timer = loop.makeTimer()
        loop.setDeadline(timer, loop.now + .milliseconds(20))
        let isTimer = next() == .deadline && event.connection == timer
        loop.close(timer)
        return isTimer
    }

    override func send(_ connection: ConnectionHandle, _ bytes: [UInt8]) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { raw in
            var piece = iovec(iov_base: raw.baseAddress, iov_len: raw.count)
            withUnsafeMutablePointer(to: &piece) {
                loop.send(connection, UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    override func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        loop.connect(to: address, length: length, family: family, error: &error)
    }
    override func cork(_ connection: ConnectionHandle) { loop.cork(connection) }
    override func hurry(_ connection: ConnectionHandle) { loop.hurry(connection) }
    override func close(_ connection: ConnectionHandle) { loop.close(connection) }
    override func pauseReceiving(_ connection: ConnectionHandle) { loop.pauseReceiving(connection) }
    override func resumeReceiving(_ connection: ConnectionHandle) { loop.resumeReceiving(connection) }
    override func isStirred(_ connection: ConnectionHandle) -> Bool { loop.isStirred(connection) }
    override func isCongested(_ connection: ConnectionHandle) -> Bool { loop.isCongested(connection) }
    override func unsentBytes(_ connection: ConnectionHandle) -> Int { loop.unsentBytes(connection) }
    override func sentBytes(_ connection: ConnectionHandle) -> UInt64 { loop.sentBytes(connection) }
    override func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool {
        loop.splice(source, to: sink, count: count)
    }
    override func reset(_ connection: ConnectionHandle) { loop.reset(connection) }
    override var openDescriptors: Int { loop.openDescriptors }
    override var lentBytes: Int { loop.lentBytes }
    override func shutdownSending(_ connection: ConnectionHandle) { loop.shutdownSending(connection) }
    override func pauseListening(token: UInt32) { loop.pauseListening(token: token) }
    override func resumeListening(token: UInt32) { loop.resumeListening(token: token) }
    override func stopListening(token: UInt32) { loop.stopListening(token: token) }
    override var bell: WakeupBell { loop.bell }
    override func stayAwake() { loop.stayAwake() }
    override func arm(_ delay: Duration) { loop.setDeadline(loop.makeTimer(), loop.now + delay) }
    override func nextOrTurn() -> LoopEvent.Kind {
        loop.next(&event)
        return event.kind
    }
}

@Suite struct BackendTests {
    @Test(arguments: Backend.available) func `a client is told, then its bytes, then its end`(backend: Backend) throws {
        let bench = try backend.bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        #expect(bench.event.token == 7)
        let connection = bench.event.connection
        write(client, "hello", 5)
        #expect(bench.next() == .received)
        #expect(bench.event.connection == connection)
        #expect(Array(bench.event.bytes) == Array("hello".utf8))
        close(client)
        #expect(bench.next() == .ended)
        bench.close(connection)
        #expect(bench.isQuiet())
    }

    @Test(arguments: Backend.available) func `a loop that stays awake has a turn although nothing happens`(
        backend: Backend
    ) throws {
        let bench = try backend.bench()
        #expect(bench.nextOrTurn() == .turn)
        for _ in 0..<3 {
            bench.stayAwake()
            #expect(bench.nextOrTurn() == .turn)
        }
        // Once, and no more: then it waits, here for its deadline.
        bench.arm(.milliseconds(20))
        var turns = 0
        while bench.nextOrTurn() == .turn { turns += 1 }
        #expect(bench.event.kind == .deadline)
        #expect(turns < 5)
    }

    @Test(arguments: Backend.available) func `bytes and the end that came together are both told`(backend: Backend)
        throws
    {
        let bench = try backend.bench()
        let client = bench.connect()
        write(client, "bye", 3)
        close(client)
        #expect(bench.next() == .accepted)
        #expect(bench.next() == .received)
        #expect(bench.event.bytes.count == 3)
        #expect(bench.next() == .ended)
    }

    @Test(arguments: Backend.available) func `a paused connection tells nothing until it is resumed`(backend: Backend)
        throws
    {
        let bench = try backend.bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        bench.pauseReceiving(connection)
        write(client, "x", 1)
        #expect(bench.isQuiet())
        #expect(bench.isStirred(connection) == true)
        bench.resumeReceiving(connection)
        #expect(bench.next() == .received)
        #expect(bench.isStirred(connection) == false)
        close(client)
    }

    @Test(arguments: Backend.available) func `what the peer does not take waits, and its end follows it`(
        backend: Backend
    ) throws {
        let bench = try backend.bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        let bytes = [UInt8](repeating: 1, count: 5 << 20) + [UInt8](repeating: 2, count: 5 << 20)
        bench.send(connection, bytes)
        #expect(bench.isCongested(connection) == true)
        bench.shutdownSending(connection)
        let reader = try NativeThread(name: "reader") {
            var room = [UInt8](repeating: 0, count: 1 << 16)
            var offset = 0
            while case let count = read(client, &room, room.count), count > 0 {
                let isSame = bytes.withUnsafeBytes { memcmp($0.baseAddress! + offset, room, count) == 0 }
                guard isSame else { break }
                offset += count
            }
            // Everything arrived: say so by closing.
            if offset == bytes.count { close(client) }
        }
        #expect(bench.next() == .drained)
        #expect(bench.unsentBytes(connection) == 0)
        #expect(bench.sentBytes(connection) == UInt64(bytes.count))
        #expect(bench.next() == .ended)
        reader.join()
    }

    /// The system holds such bytes for 200 ms: a machine that was late with the end is asked again.
    @Test(arguments: Backend.available) func `corked bytes leave in one segment with the end`(backend: Backend) throws {
        let bench = try backend.bench()
        func segments(isCorked: Bool, isClosed: Bool) -> UInt32 {
            let client = bench.connect()
            defer { close(client) }
            #expect(bench.next() == .accepted)
            let connection = bench.event.connection
            if isCorked { bench.cork(connection) }
            bench.send(connection, Array("hello".utf8))
            bench.hurry(connection)
            if isClosed { bench.close(connection) } else { bench.shutdownSending(connection) }
            #expect(bench.isQuiet())
            var room = [UInt8](repeating: 0, count: 8)
            #expect(recv(client, &room, 8, CInt(MSG_WAITALL)) == 5)
            // `tcpi_segs_in` of linux/tcp.h, which glibc's structure does not reach.
            var facts = [UInt32](repeating: 0, count: 64)
            var length = socklen_t(256)
            #expect(getsockopt(client, CInt(IPPROTO_TCP), TCP_INFO, &facts, &length) == 0)
            if !isClosed { bench.close(connection) }
            return facts[35]
        }
        for isClosed in [false, true] {
            // SYN and ACK, the bytes, the end.
            #expect(segments(isCorked: false, isClosed: isClosed) == 3)
            #expect((0..<5).contains { _ in segments(isCorked: true, isClosed: isClosed) == 2 })
        }
    }

    @Test(arguments: Backend.available) func `a failed send is told, and then the end`(backend: Backend) throws {
        let bench = try backend.bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        bench.pauseReceiving(connection)
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(client)
        #expect(bench.next() == .hangup)
        bench.send(connection, [1])
        #expect(bench.next() == .sendFailed)
        #expect(bench.sentBytes(connection) == 0)
        bench.resumeReceiving(connection)
        #expect([.ended, .broken].contains(bench.next()))
    }

    @Test(arguments: Backend.available) func `one that always has bytes does not starve the others`(backend: Backend)
        throws
    {
        let bench = try backend.bench()
        let busy = bench.connect()
        #expect(bench.next() == .accepted)
        let quiet = bench.connect()
        #expect(bench.next() == .accepted)
        let quietConnection = bench.event.connection
        let piece = [UInt8](repeating: 0, count: 4 << 20)
        let writer = try NativeThread(name: "writer") {
            var offset = 0
            while offset < piece.count, case let count = write(busy, piece, piece.count - offset), count > 0 {
                offset += count
            }
        }
        var rest = piece.count
        #expect(bench.next() == .received)
        rest -= bench.event.bytes.count
        write(quiet, "x", 1)
        var others = 0
        while bench.next() == .received, bench.event.connection != quietConnection {
            others += 1
            rest -= bench.event.bytes.count
        }
        #expect(bench.event.connection == quietConnection)
        #expect(others <= 3)
        bench.close(quietConnection)
        while rest > 0, bench.next() == .received { rest -= bench.event.bytes.count }
        writer.join()
        close(busy)
        close(quiet)
    }

    @Test(arguments: Backend.available) func `a refused connection is told with its error`(backend: Backend) throws {
        let bench = try backend.bench()
        var dead: SocketAddress?
        do {
            let gone = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
            dead = SocketAddress(gone.bound)
        }
        var error: CInt = 0
        let handle = dead!.withSockAddr { address, length in
            bench.connect(to: UnsafeRawPointer(address), length: length, family: AF_INET, error: &error)
        }
        #expect(handle != nil)
        #expect(bench.next() == .connectFailed)
        #expect(bench.event.error == ECONNREFUSED)
        bench.close(handle!)
        #expect(bench.isQuiet())
    }

    @Test(arguments: Backend.available) func `a paused listener leaves its clients in the backlog`(backend: Backend)
        throws
    {
        let bench = try backend.bench()
        bench.pauseListening(token: 7)
        let client = bench.connect()
        #expect(bench.isQuiet())
        bench.resumeListening(token: 7)
        #expect(bench.next() == .accepted)
        bench.stopListening(token: 7)
        let second = bench.connect()
        #expect(bench.isQuiet())
        close(client)
        close(second)
    }

    @Test(arguments: Backend.available) func `a slot used again has another generation`(backend: Backend) throws {
        let bench = try backend.bench()
        let first = bench.connect()
        #expect(bench.next() == .accepted)
        let former = bench.event.connection
        bench.close(former)
        #expect(bench.isQuiet())
        var others: [CInt] = []
        repeat {
            others.append(bench.connect())
            #expect(bench.next() == .accepted)
        } while bench.event.connection.index != former.index && others.count < 4
        #expect(bench.event.connection.index == former.index)
        #expect(bench.event.connection != former)
        for other in others { close(other) }
        close(first)
    }

    @Test(arguments: Backend.available) func `the bell wakes the loop from another thread`(backend: Backend) throws {
        let bench = try backend.bench()
        let bell = bench.bell
        let ringer = try NativeThread(name: "ringer") { bell.ring() }
        #expect(bench.next() == .wakeup)
        ringer.join()
        #expect(bench.isQuiet())
    }
}
