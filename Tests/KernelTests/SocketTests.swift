// Addresses, listeners, reservations and packets, on real loopback sockets.

import CKernel
import Glibc
import Kernel
import Testing
import Vocabulary

@Suite struct SocketTests {
    @Test(arguments: ["127.0.0.1:80", "[::1]:8080", "unix:/run/x.sock", "0.0.0.0:0"])
    func `an address keeps its endpoint`(text: String) throws {
        let endpoint = try #require(Endpoint(text))
        let address = try #require(SocketAddress(endpoint))
        #expect(address.endpoint == endpoint)
        #expect(address == SocketAddress(endpoint))
    }

    @Test func `a name is resolved, and one that does not exist is explained`() throws {
        #expect(SocketAddress(.tcp(host: "localhost", port: 1)) == nil)
        let found = try SocketAddress.resolve(.tcp(host: "localhost", port: 81))
        #expect(found.contains { $0.endpoint == .tcp(host: "127.0.0.1", port: 81) })
        let error = #expect(throws: SystemError.self) {
            try SocketAddress.resolve(.tcp(host: "name.invalid", port: 1))
        }
        #expect(error?.description.hasPrefix("resolve name.invalid: ") == true)
        #expect(SocketAddress(.unix(path: String(repeating: "x", count: 108))) == nil)
    }

    @Test func `connections spread over all sockets of a listener`() throws {
        let listener = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 3)
        guard case .tcp(_, let port) = listener.bound else { return }
        #expect(port != 0)
        var perSocket = [0, 0, 0]
        for _ in 0..<200 {
            let client = connectTCP(port)
            #expect(client != nil)
            var entries = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            #expect(poll(&entries, 3, 60_000) == 1)
            let index = try #require(entries.firstIndex { $0.revents != 0 })
            close(accept(entries[index].fd, nil, nil))
            perSocket[index] += 1
        }
        // 200 hashes that all miss one of three sockets: less than 1 in 10^34.
        #expect(perSocket.allSatisfy { $0 > 0 }, "\(perSocket)")
    }

    @Test func `a port that somebody listens on is refused and its owner named`() throws {
        let first = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 2)
        let error = #expect(throws: SystemError.self) { try ListeningSockets(first.bound, count: 2) }
        #expect(error?.errno == EADDRINUSE)
        #expect(error?.description.hasPrefix("listen on \(first.bound): address already in use") == true)
        #expect(error?.hint?.contains("process \(getpid()) (") == true, "\(error?.hint ?? "")")
    }

    @Test func `an address that no interface has is refused with a hint`() {
        let error = #expect(throws: SystemError.self) {
            try ListeningSockets(.tcp(host: "192.0.2.1", port: 0), count: 1)
        }
        #expect(error?.errno == EADDRNOTAVAIL)
        #expect(error?.hint?.contains("ip address") == true)
        #expect(throws: SystemError.self) { try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 0) }
    }

    @Test func `a unix listener replaces a stale path, but not a living one`() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/x.sock"
        do {
            let stale = OwnedDescriptor(socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
            #expect(SocketAddress(.unix(path: path))!.withSockAddr { bind(stale.number, $0, $1) } == 0)
        }
        do {
            let listener = try ListeningSockets(.unix(path: path), count: 2)
            #expect(listener.descriptors.count == 2)
            let error = #expect(throws: SystemError.self) { try ListeningSockets(.unix(path: path), count: 1) }
            #expect(error?.errno == EADDRINUSE)
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func `a reserved port is handed out neither by bind nor by connect`() throws {
        let listener = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        guard case .tcp(_, let target) = listener.bound else { return }
        let reservations = try (0..<200).map { _ in try PortReservation() }
        let reserved = Set(reservations.map(\.port))
        #expect(reserved.count == 200)
        let others = try (0..<2000).map { _ in try PortReservation() }
        #expect(reserved.isDisjoint(with: others.map(\.port)))
        for _ in 0..<500 {
            let client = connectTCP(target)
            guard let client, case .tcp(_, let port) = try SocketAddress.local(of: client.number).endpoint else {
                Issue.record("the listener refused a connection")
                return
            }
            #expect(!reserved.contains(port))
            close(accept(listener.descriptors[0], nil, nil))
        }
    }

    @Test func `a server that sets SO_REUSEADDR can listen on a reserved port, and another can't`() throws {
        let reservation = try PortReservation()
        let program = """
            import http.server, socket, sys
            server = http.server.HTTPServer(("127.0.0.1", \(reservation.port)), http.server.SimpleHTTPRequestHandler)
            refused = socket.socket()
            try:
                refused.bind(("127.0.0.1", \(reservation.port)))
            except OSError:
                print("listening alone", flush=True)
            server.handle_request()
            """
        let pipe = Pipe()
        let child = try ChildProcess(
            starting: ProcessOrder(
                argv: ["python3", "-c", program], environment: ["PATH": String(cString: getenv("PATH"))],
                output: pipe.writing.number))
        var line = [UInt8](repeating: 0, count: 64)
        let length = read(pipe.reading.number, &line, line.count)
        #expect(String(decoding: line.prefix(max(0, length)), as: UTF8.self) == "listening alone\n")
        // As long as the visitor says nothing, the server waits for its request and goes on listening.
        let visitor = try #require(connectTCP(reservation.port))
        #expect(throws: SystemError.self) { try PortReservation(port: reservation.port) }
        withExtendedLifetime(visitor) {}
        _ = try child.descriptor.signal(SIGKILL)
        _ = try waitForEnd(child.descriptor)
    }

    @Test func `packets keep their borders and carry descriptors`() throws {
        var pair = try PacketSocketPair()
        let near = PacketSocket(pair.takeNear())
        let far = PacketSocket(pair.takeFar())
        var buffer = [UInt8](repeating: 0, count: 1024)
        let pipe = Pipe()
        #expect(try near.send(Packet(bytes: [1, 2, 3], descriptors: [pipe.writing.number])))
        #expect(try near.send(Packet(bytes: [4])))
        guard case .packet(let first) = try far.receive(through: &buffer), first.descriptors.count == 1,
            case .packet(let second) = try far.receive(through: &buffer)
        else {
            Issue.record("two packets were sent")
            return
        }
        #expect(first.bytes == [1, 2, 3])
        #expect(second.bytes == [4])
        let copy = OwnedDescriptor(first.descriptors[0])
        #expect(fcntl(copy.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(write(copy.number, [7 as UInt8], 1) == 1)
        var byte: UInt8 = 0
        #expect(read(pipe.reading.number, &byte, 1) == 1)
        #expect(byte == 7)
        guard case .wouldBlock = try far.receive(through: &buffer) else {
            Issue.record("nothing more was sent")
            return
        }
    }

    @Test func `a packet that is too large is dropped with its descriptors`() throws {
        var pair = try PacketSocketPair()
        let near = PacketSocket(pair.takeNear())
        let far = PacketSocket(pair.takeFar())
        var buffer = [UInt8](repeating: 0, count: 16)
        let pipe = Pipe()
        let reading = try pipe.reading.duplicate()
        #expect(try near.send(Packet(bytes: [UInt8](repeating: 9, count: 17), descriptors: [pipe.writing.number])))
        guard case .tooLarge = try far.receive(through: &buffer) else {
            Issue.record("17 bytes do not fit into 16")
            return
        }
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), pipe.writing.number)
        #expect(readToEnd(reading) == "")
    }

    @Test func `the end of the other side is seen`() throws {
        var buffer = [UInt8](repeating: 0, count: 16)
        let near = try {
            var pair = try PacketSocketPair()
            return PacketSocket(pair.takeNear())
        }()
        guard case .ended = try near.receive(through: &buffer) else {
            Issue.record("the other side is closed")
            return
        }
        let error = #expect(throws: SystemError.self) { try near.send(Packet(bytes: [1])) }
        #expect(error?.errno == EPIPE)
    }
}
