// What the epoll backend tells, and in which order, over real sockets.

import CKernel
import EventLoop
import Glibc
import Kernel
import Testing
import Vocabulary

/// A loop with one listener, driven by the test's own thread.
private final class Bench {
    var loop: EpollLoop
    var event = LoopEvent()
    let sockets: ListeningSockets
    let port: UInt16

    init() throws {
        loop = try EpollLoop(LoopLimits())
        sockets = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        guard case .tcp(_, let port) = sockets.bound else { fatalError() }
        self.port = port
        let result = loop.listen(on: sockets.descriptors[0], token: 7)
        precondition(result == 0)
        // A fault shows as an unexpected `.deadline` after 5 s, not as a hang.
        loop.setDeadline(loop.makeTimer(), loop.now + .seconds(5))
    }

    /// The next event that is not the end of a turn.
    func next() -> LoopEvent.Kind {
        repeat { loop.next(&event) } while event.kind == .turn
        return event.kind
    }

    /// Whether the loop has nothing to tell before it would wait: one whole turn without an event.
    func isQuiet() -> Bool {
        let timer = loop.makeTimer()
        loop.setDeadline(timer, loop.now + .milliseconds(20))
        let isTimer = next() == .deadline && event.connection == timer
        loop.close(timer)
        return isTimer
    }

    func connect() -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let address = SocketAddress(.tcp(host: "127.0.0.1", port: port))!
        let result = address.withSockAddr { Glibc.connect(descriptor, $0, $1) }
        precondition(result == 0)
        return descriptor
    }

    func send(_ connection: ConnectionHandle, _ bytes: [UInt8]) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { raw in
            var piece = iovec(iov_base: raw.baseAddress, iov_len: raw.count)
            withUnsafeMutablePointer(to: &piece) {
                loop.send(connection, UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }
}

@Suite struct EpollLoopTests {
    @Test func `a client is told, then its bytes, then its end`() throws {
        let bench = try Bench()
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
        bench.loop.close(connection)
        #expect(bench.isQuiet())
    }

    @Test func `bytes and the end that came together are both told`() throws {
        let bench = try Bench()
        let client = bench.connect()
        write(client, "bye", 3)
        close(client)
        #expect(bench.next() == .accepted)
        #expect(bench.next() == .received)
        #expect(bench.event.bytes.count == 3)
        #expect(bench.next() == .ended)
    }

    @Test func `a paused connection tells nothing until it is resumed`() throws {
        let bench = try Bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        bench.loop.pauseReceiving(connection)
        write(client, "x", 1)
        #expect(bench.isQuiet())
        #expect(bench.loop.isStirred(connection) == true)
        bench.loop.resumeReceiving(connection)
        #expect(bench.next() == .received)
        #expect(bench.loop.isStirred(connection) == false)
        close(client)
    }

    @Test func `what the peer does not take waits, and its end follows it`() throws {
        let bench = try Bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        let bytes = [UInt8](repeating: 1, count: 5 << 20) + [UInt8](repeating: 2, count: 5 << 20)
        bench.send(connection, bytes)
        #expect(bench.loop.isCongested(connection) == true)
        bench.loop.shutdownSending(connection)
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
        #expect(bench.loop.unsentBytes(connection) == 0)
        #expect(bench.loop.sentBytes(connection) == UInt64(bytes.count))
        #expect(bench.next() == .ended)
        reader.join()
    }

    @Test func `a failed send is told, and then the end`() throws {
        let bench = try Bench()
        let client = bench.connect()
        #expect(bench.next() == .accepted)
        let connection = bench.event.connection
        bench.loop.pauseReceiving(connection)
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(client)
        #expect(bench.next() == .hangup)
        bench.send(connection, [1])
        #expect(bench.next() == .sendFailed)
        #expect(bench.loop.sentBytes(connection) == 0)
        bench.loop.resumeReceiving(connection)
        #expect([.ended, .broken].contains(bench.next()))
    }

    @Test func `one that always has bytes does not starve the others`() throws {
        let bench = try Bench()
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
        bench.loop.close(quietConnection)
        while rest > 0, bench.next() == .received { rest -= bench.event.bytes.count }
        writer.join()
        close(busy)
        close(quiet)
    }

    @Test func `a refused connection is told with its error`() throws {
        let bench = try Bench()
        var dead: SocketAddress?
        do {
            let gone = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
            dead = SocketAddress(gone.bound)
        }
        var error: CInt = 0
        let handle = dead!.withSockAddr { address, length in
            bench.loop.connect(to: UnsafeRawPointer(address), length: length, family: AF_INET, error: &error)
        }
        #expect(handle != nil)
        #expect(bench.next() == .connectFailed)
        #expect(bench.event.error == ECONNREFUSED)
        bench.loop.close(handle!)
        #expect(bench.isQuiet())
    }

    @Test func `a paused listener leaves its clients in the backlog`() throws {
        let bench = try Bench()
        bench.loop.pauseListening(token: 7)
        let client = bench.connect()
        #expect(bench.isQuiet())
        bench.loop.resumeListening(token: 7)
        #expect(bench.next() == .accepted)
        bench.loop.stopListening(token: 7)
        let second = bench.connect()
        #expect(bench.isQuiet())
        close(client)
        close(second)
    }

    @Test func `a slot used again has another generation`() throws {
        let bench = try Bench()
        let first = bench.connect()
        #expect(bench.next() == .accepted)
        let former = bench.event.connection
        bench.loop.close(former)
        let second = bench.connect()
        #expect(bench.next() == .accepted)
        #expect(bench.event.connection.index == former.index)
        #expect(bench.event.connection != former)
        close(first)
        close(second)
    }

    @Test func `the bell wakes the loop from another thread`() throws {
        let bench = try Bench()
        let bell = bench.loop.bell
        let ringer = try NativeThread(name: "ringer") { bell.ring() }
        #expect(bench.next() == .wakeup)
        ringer.join()
        #expect(bench.isQuiet())
    }
}
