// A tiny origin server: each connection runs a script in a thread of its own.

import CKernel
import Glibc
import Kernel
import Synchronization
import Vocabulary

/// Listens on a free port of this machine until it goes away.
final class Origin: Sendable {
    let port: UInt16
    private let sockets: ListeningSockets
    private let accepted = Atomic<Int>(0)
    private let heads = Mutex<[String]>([])
    private let isOver = Atomic<Bool>(false)

    /// `script` gets the origin, the connection, and the connection's number from 0.
    init(_ script: @escaping @Sendable (Origin, Socket, Int) -> Void) {
        sockets = try! ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: 1)
        guard case .tcp(_, let port) = sockets.bound else { fatalError() }
        self.port = port
        let listener = dup(sockets.descriptors[0])
        let thread = try! NativeThread(name: "origin") { [weak self] in
            while true {
                var wanted = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&wanted, 1, 100) >= 0, let origin = self, !origin.isOver.load(ordering: .relaxed) else {
                    break
                }
                guard wanted.revents != 0 else { continue }
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { continue }
                let number = origin.accepted.wrappingAdd(1, ordering: .relaxed).oldValue
                let connection = Socket(descriptor)
                let handler = try! NativeThread(name: "script") { script(origin, connection, number) }
                handler.detach()
            }
            close(listener)
        }
        thread.detach()
    }

    /// Answers every request of every connection with 200 and this body, framed by its length.
    convenience init(answering body: String) {
        self.init { origin, connection, _ in
            while origin.nextHead(connection) != nil {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    /// Reads a head and remembers it; `nil` at the end of the connection.
    func nextHead(_ connection: Socket) -> String? {
        let head = connection.readHead()
        guard head.hasSuffix("\r\n\r\n") else { return nil }
        heads.withLock { $0.append(head) }
        return head
    }

    /// The heads that came, in order.
    var requests: [String] { heads.withLock { $0 } }
    var connections: Int { accepted.load(ordering: .relaxed) }

    deinit { isOver.store(true, ordering: .relaxed) }
}

/// Lets one thread wait for another.
final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    /// Waits until the gate opens; false after 5 s.
    @discardableResult
    func wait() -> Bool { eventually { isOpen.load(ordering: .acquiring) } }
}

/// Whether `condition` comes true within 5 s. Yields in between: what is waited for is the work of other threads.
func eventually(_ condition: () -> Bool) -> Bool {
    let end = MonotonicClock.now + .seconds(5)
    while !condition() {
        if MonotonicClock.now > end { return false }
        poll(nil, 0, 1)
    }
    return true
}

/// Something that blocks, in a thread of its own.
struct Background {
    private let thread: NativeThread

    init(_ work: @escaping @Sendable () -> Void) throws {
        thread = try NativeThread(name: "background", run: work)
    }

    func join() { thread.join() }

    /// Begins to connect and does not wait for the outcome; returns the descriptor.
    static func connecting(to port: UInt16) -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_NONBLOCK, 0)
        _ = SocketAddress(.tcp(host: "127.0.0.1", port: port))!.withSockAddr { connect(descriptor, $0, $1) }
        return descriptor
    }
}

/// A port on which nobody listens, and nobody else will while this lives.
final class DeadPort: Sendable {
    let port: UInt16
    private let descriptor: CInt

    init() {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        let address = SocketAddress(.tcp(host: "127.0.0.1", port: 0))!
        let result = address.withSockAddr { bind(descriptor, $0, $1) }
        precondition(result == 0)
        guard case .tcp(_, let port) = try! SocketAddress.local(of: descriptor).endpoint else { fatalError() }
        self.port = port
    }

    deinit { close(descriptor) }
}
