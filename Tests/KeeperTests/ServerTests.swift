// The server's life under a keeper: what survives its death, and how the whole ends.

import CKernel
import Glibc
import Kernel
import Testing
import Vocabulary

@testable import Keeper

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    private static let anywhere = Endpoint.tcp(host: "127.0.0.1", port: 0)
    private static let web = ListenerName("web")

    @Test func `listeners and instances outlive a killed server`() async throws {
        let rig = try Rig()
        let first = try await rig.server()
        #expect(first.client.keeperPID == getpid())
        #expect(first.client.serverStarts == 1)
        let (_, bound) = try await first.client.listen(name: Self.web, endpoint: Self.anywhere, sockets: 2)
        let port = try await first.client.reservePort()
        let process = try await first.client.spawn(
            rig.order(.shop(1), ["sleep", "600"], port: port, record: #"{"release":"v1"}"#))
        _ = try await first.client.spawn(rig.order(.shop(2), ["sh", "-c", "exit 5"], record: #"{"release":"v2"}"#))
        kill(first.pid, SIGKILL)

        // Nobody accepts now, and still the connection is not refused.
        let visitor = HeldDescriptor(socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
        let address = try #require(SocketAddress(bound))
        #expect(address.withSockAddr { connect(visitor.number, $0, $1) } == 0)

        let second = try await rig.server()
        #expect(second.client.serverStarts == 2)
        var inventory = try await second.client.inventory()
        // The exit of the second instance may come before the inventory or after it, but comes once.
        if inventory.exits.isEmpty {
            #expect(await second.client.exits.first()?.status == .code(5))
            inventory = try await second.client.inventory()
        }
        #expect(inventory.exits.map(\.report.id) == [.shop(2)])
        #expect(inventory.exits.map(\.record) == [Array(#"{"release":"v2"}"#.utf8)])
        #expect(inventory.instances.map(\.id) == [.shop(1)])
        let held = try #require(inventory.instances.first)
        #expect(held.pid == process.pid && held.startTime == process.startTime && held.port == port)
        #expect(held.record == Array(#"{"release":"v1"}"#.utf8) && !held.isAdopted)
        #expect(!isFree(port))
        let listener = try #require(inventory.listeners.first)
        #expect(listener.name == Self.web && listener.bound == bound && listener.descriptors.count == 2)
        var entries = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        #expect(poll(&entries, 2, 60_000) == 1)
        // Asking again, by inventory or by name, returns the same sockets.
        #expect(try await second.client.inventory().listeners.first?.descriptors == listener.descriptors)
        let again = try await second.client.listen(name: Self.web, endpoint: Self.anywhere, sockets: 2)
        #expect(again.descriptors == listener.descriptors && again.bound == bound)
        try await rig.end(second)
    }

    @Test func `the old server hears that its socket is closed, and its orders fail`() async throws {
        let rig = try Rig()
        let first = try await rig.server()
        _ = try await first.client.inventory()
        kill(first.pid, SIGKILL)
        let second = try await rig.server()
        #expect(await first.client.keeperLost.first() != nil)
        #expect(await first.client.exits.first() == nil)
        let error = await #expect(throws: KeeperError.self) { try await first.client.reservePort() }
        #expect(error?.code == .lost)
        try await rig.end(second)
    }

    @Test func `ports that a dead server had not given to an instance are free again`() async throws {
        let rig = try Rig()
        let first = try await rig.server()
        let port = try await first.client.reservePort()
        #expect(!isFree(port))
        kill(first.pid, SIGUSR1)
        let second = try await rig.server()
        try await eventually { isFree(port) }
        #expect(rig.lines.contains { $0.contains("exited with code 0 unexpectedly") }, "\(rig.lines)")
        try await rig.end(second)
    }

    @Test func `a listener is closed on order, and its name is free`() async throws {
        let rig = try Rig()
        let server = try await rig.server()
        let (_, bound) = try await server.client.listen(name: Self.web, endpoint: Self.anywhere, sockets: 1)
        let other = await #expect(throws: KeeperError.self) {
            try await server.client.listen(name: Self.web, endpoint: .tcp(host: "127.0.0.1", port: 1), sockets: 1)
        }
        #expect(other?.code == .conflict)
        let taken = await #expect(throws: KeeperError.self) {
            try await server.client.listen(name: ListenerName("b"), endpoint: bound, sockets: 1)
        }
        #expect(taken?.code == .system)
        #expect(taken?.reason == "listen on \(bound): address already in use")
        try await server.client.unlisten(name: Self.web)
        let gone = await #expect(throws: KeeperError.self) { try await server.client.unlisten(name: Self.web) }
        #expect(gone?.code == .notFound)
        try await eventually { (try? await server.client.listen(name: Self.web, endpoint: bound, sockets: 1)) != nil }
        try await rig.end(server)
    }

    @Test func `an orderly stop goes through the server and ends what it has left`() async throws {
        let rig = try Rig()
        let server = try await rig.server()
        let process = try await server.client.spawn(rig.order(.shop(1), ["sleep", "600"]))
        rig.send(SIGHUP)
        #expect(rig.report() == "HUP")
        rig.send(SIGTERM)
        #expect(rig.report() == "TERM")
        try await rig.end(server)
        try waitForEnd(pid: process.pid)
        #expect(try rig.recordFiles == [])
        #expect(rig.lines.last == "ended")
    }

    @Test func `a server that does not know the signal yet dies of it, and that is a stop too`() async throws {
        let rig = try Rig()
        _ = try await rig.server()
        // The stand-in has no trap for this one.
        rig.send(SIGINT)
        #expect(await rig.exitCode() == 0)
    }

    @Test func `the keeper ends with the code that the server gave`() async throws {
        let rig = try Rig()
        let server = try await rig.server()
        try await rig.end(server, exitCode: 66)
    }

    @Test func `a keeper that ends without its instances leaves them to the next one`() async throws {
        let directory = TemporaryDirectory()
        let first = try Rig(directory)
        let server = try await first.server()
        let process = try await server.client.spawn(first.order(.shop(1), ["sleep", "600"]))
        try await server.client.shutdown(exitCode: 3, leavingInstances: true)
        kill(server.pid, SIGUSR2)
        #expect(await first.exitCode() == 3)
        let second = try Rig(directory)
        let next = try await second.server()
        #expect(try await next.client.inventory().instances.map(\.pid) == [process.pid])
        try await second.end(next)
        try waitForEnd(pid: process.pid)
    }

    @Test func `a server that crashes while stopping is not started again`() async throws {
        let rig = try Rig(leftoverGrace: .zero)
        let server = try await rig.server()
        let stubborn = try await server.client.spawn(
            rig.order(.shop(1), ["sh", "-c", "trap '' TERM; echo up; while kill -0 $PPID; do sleep 60; done"]))
        rig.send(SIGTERM)
        #expect(rig.report() == "TERM")
        kill(server.pid, SIGKILL)
        #expect(await rig.exitCode() == 1)
        try waitForEnd(pid: stubborn.pid)
        #expect(rig.lines.contains { $0.hasSuffix("was killed by SIGKILL while stopping") }, "\(rig.lines)")
        #expect(rig.lines.contains { $0.hasSuffix("did not stop in time: killing it") }, "\(rig.lines)")
    }

    @Test func `messages that make no sense are refused and cost nothing more`() async throws {
        let rig = try Rig()
        let (socket, pid) = try await rig.rawServer()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        func hear() throws -> KeeperMessage {
            var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            #expect(poll(&entry, 1, 60_000) == 1)
            let length = recv(socket.number, &buffer, buffer.count, 0)
            return try KeeperWire.decode(KeeperMessage.self, Array(buffer[..<max(0, length)]))
        }
        func refusal(_ text: String) throws -> (number: UInt64, code: KeeperError.Code)? {
            #expect(send(socket.number, text, text.utf8.count, 0) == text.utf8.count)
            guard case .refused(let number, let error) = try hear() else { return nil }
            return (number, error.code)
        }
        guard case .greeting = try hear() else {
            Issue.record("the first message is the greeting")
            return
        }
        #expect(try refusal("hello")! == (0, .illFormed))
        #expect(try refusal("\0\u{1}{[")! == (0, .illFormed))
        #expect(try refusal(#"{"number":7,"order":{"dance":{}}}"#)! == (7, .illFormed))
        #expect(try refusal(#"{"number":-1,"order":{"inventory":{}}}"#)! == (0, .illFormed))
        #expect(
            try refusal(#"{"number":8,"order":{"listen":{"name":"x","endpoint":{"tcp":{"host":"h"}},"sockets":1}}}"#)!
                == (8, .illFormed))
        #expect(
            try refusal(#"{"number":9,"order":{"shutdown":{"exitCode":256,"leavingInstances":false}}}"#)! == (
                9, .illFormed
            ))
        #expect(try refusal(#"{"number":10,"order":{"# + String(repeating: " ", count: 170_000))! == (0, .tooLarge))
        let ask = #"{"number":11,"order":{"reservePort":{}}}"#
        #expect(send(socket.number, ask, ask.utf8.count, 0) == ask.utf8.count)
        guard case .done(11, .port) = try hear() else {
            Issue.record("a good order is obeyed after bad ones")
            return
        }
        rig.send(SIGTERM)
        #expect(rig.report() == "TERM")
        kill(pid, SIGUSR1)
        #expect(await rig.exitCode() == 0)
    }

    @Test func `a mute keeper runs its callers into their deadline`() async throws {
        var pair = try PacketSocketPair()
        let keeper = PacketSocket(pair.takeNear())
        let connection = try KeeperConnection(
            pair.takeFar().release(), exits: AsyncStream.makeStream().continuation,
            lost: AsyncStream.makeStream().continuation)
        let thread = try NativeThread(name: "client") { connection.run() }
        let error = await #expect(throws: KeeperError.self) {
            try await connection.ask(.reservePort, within: .milliseconds(1))
        }
        #expect(error?.code == .deadline)
        connection.close()
        thread.join()
        _ = consume keeper
    }

    @Test func `a second keeper on the same directory is refused and told who has it`() async throws {
        let directory = TemporaryDirectory()
        let lock = try KeeperProcess.takeLock(directory.path)
        do {
            _ = try KeeperProcess.takeLock(directory.path)
            Issue.record("two keepers have the same directory")
        } catch let error as KeeperError {
            #expect(error.code == .conflict)
            #expect(error.reason == "another keeper (pid \(getpid())) has the state directory \(directory.path)")
        }
        _ = consume lock
        try await eventually { (try? KeeperProcess.takeLock(directory.path)) != nil }
    }

    @Test func `restarts are immediate first and spaced when a server keeps dying early`() {
        var restarts = ServerRestarts()
        let early = Duration.milliseconds(999)
        #expect(restarts.delay(afterLifetime: early) == .zero)
        let delays = (0..<8).map { _ in restarts.delay(afterLifetime: early).nanoseconds / 1_000_000 }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        for _ in 0..<100 { #expect(restarts.delay(afterLifetime: early) == .seconds(5)) }
        #expect(restarts.delay(afterLifetime: .seconds(1)) == .zero)
        #expect(restarts.delay(afterLifetime: early) == .zero)
        #expect(restarts.delay(afterLifetime: early) == .milliseconds(100))
    }
}
