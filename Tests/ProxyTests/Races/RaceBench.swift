// A worker on a scripted loop, with one listener and one service, and words for what happens to it.

import EventLoop
import Routing
import Vocabulary

@testable import Proxy

/// One worker in a world that the test makes.
final class RaceBench {
    private var worker: Worker<ScriptedLoop>
    let stage: Stage
    private let board = GaugeBoard(workers: 1, seed: 1)

    /// `change` may set rules before the start.
    init(backends: Int = 1, _ change: (inout ServiceRules) -> Void = { _ in }) {
        let loop = ScriptedLoop(LoopLimits())
        stage = loop.stage
        worker = Worker(loop: loop, index: 0, configuration: .init(workers: 1, seed: 1))
        var service = ServiceRules(name: Plane.service)
        service.backends = (1...backends).map { Plane.backend($0, port: UInt16($0)) }
        change(&service)
        let table = RoutingTable(
            revision: Revision(1), listeners: [ListenerRules(name: Plane.listener, mode: .http)],
            routes: [Route(service: Plane.service)], services: [service])
        let listener = BoundListener(
            name: Plane.listener, descriptors: [0], address: .tcp(host: "127.0.0.1", port: 1))
        worker.apply(board.publication(of: table, listeners: [listener], dresses: Dresses()))
    }

    // MARK: What happens

    func accept() -> ConnectionHandle {
        let handle = stage.make()
        tell(.accepted, handle)
        return handle
    }

    func tell(_ kind: LoopEvent.Kind, _ handle: ConnectionHandle, _ text: String = "") {
        var event = LoopEvent()
        event.kind = kind
        event.connection = handle
        Array(text.utf8).withUnsafeBytes { bytes in
            event.bytes = bytes
            worker.handle(event)
            worker.flush()
        }
        // The system would hold it for 200 ms.
        let isHeld = stage.lines.values.contains { $0.isCorked && $0.isOpen && !$0.hasEnd }
        precondition(!isHeld, "corked, and no end follows")
    }

    func receive(_ handle: ConnectionHandle, _ text: String) { tell(.received, handle, text) }

    /// Time passes; deadlines that fall into it are told.
    func wait(_ duration: Duration) {
        stage.now = stage.now + duration
        while let due = stage.lines.filter({ $1.isOpen && ($1.deadline.map { $0 <= stage.now } ?? false) }).keys.min() {
            stage.lines[due]!.deadline = nil
            tell(.deadline, ConnectionHandle(index: due, generation: 1))
        }
    }

    // MARK: What is seen

    /// The newest connection to a backend.
    var upstream: ConnectionHandle { stage.upstreams.last! }

    func isOpen(_ handle: ConnectionHandle) -> Bool { stage.line(handle).isOpen }

    /// What was sent on a connection since the last look.
    func sent(_ handle: ConnectionHandle) -> String {
        defer { stage.lines[handle.index]!.sent = Array(repeating: 0, count: 0) }
        let line = stage.line(handle)
        stage.lines[handle.index]!.taken = 0
        return line.text
    }

    // MARK: A whole exchange

    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    /// One GET, answered on a new connection, which is then idle.
    func exchange(_ client: ConnectionHandle, answer: String = ok) -> ConnectionHandle {
        let before = stage.upstreams.count
        receive(client, Self.get)
        precondition(stage.upstreams.count == before + 1, "not on a new connection")
        tell(.connected, upstream)
        receive(upstream, answer)
        return upstream
    }
}
