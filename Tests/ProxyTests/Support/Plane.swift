// A gateway on free ports with a table that tests change, and its access log.

import Glibc
import Kernel
import Proxy
import Routing
import Synchronization
import Vocabulary

/// One listener, one service.
final class Plane: Sendable {
    static let service = ServiceName("app")
    static let listener = ListenerName("web")

    let gateway: Gateway
    let port: UInt16
    let logPath: String
    private let sockets: ListeningSockets
    private let table: Mutex<RoutingTable>

    /// `change` may set rules before the start.
    /// `Tests/run` runs these tests once with each engine.
    static let engine =
        getenv("PORTICO_TEST_ENGINE").flatMap { Gateway.Engine(rawValue: String(cString: $0)) } ?? .epoll

    init(
        _ ports: [UInt16], workers: Int = 1, isTCP: Bool = false, standing: Backend.Standing = .ready,
        dresses: Dresses = Dresses(), openFiles: Int? = nil,
        _ change: (inout ServiceRules, inout ListenerRules) -> Void = { _, _ in }
    ) throws {
        sockets = try ListeningSockets(.tcp(host: "127.0.0.1", port: 0), count: workers)
        guard case .tcp(_, let port) = sockets.bound else { fatalError() }
        self.port = port
        logPath = "/tmp/portico-proxy-test-\(getpid())-\(port).log"
        var service = ServiceRules(name: Self.service)
        for (index, port) in ports.enumerated() {
            service.backends.append(Self.backend(index + 1, port: port, standing))
        }
        var rules = ListenerRules(name: Self.listener, mode: isTCP ? .tcp(Self.service) : .http)
        change(&service, &rules)
        let first = RoutingTable(
            revision: Revision(1), listeners: [rules], routes: [Route(service: Self.service)], services: [service])
        table = Mutex(first)
        gateway = Gateway(
            .init(workers: workers, accessLogPath: logPath, engine: Self.engine, seed: 42, openFilesMax: openFiles))
        let bound = BoundListener(name: Self.listener, descriptors: sockets.descriptors, address: sockets.bound)
        try gateway.start(listeners: [bound], table: first, dresses: dresses)
    }

    deinit {
        gateway.stop()
        unlink(logPath)
    }

    static func backend(_ number: Int, port: UInt16, _ standing: Backend.Standing = .ready) -> Backend {
        Backend(
            id: BackendID(UInt32(number)), name: "app-\(number)", endpoint: .tcp(host: "127.0.0.1", port: port),
            release: ReleaseName("v1"), standing: standing)
    }

    /// Publishes the next revision and waits until it is applied.
    func publish(dresses: Dresses? = nil, _ change: (inout RoutingTable) -> Void = { _ in }) {
        let next = table.withLock { table in
            change(&table)
            table.revision = table.revision.next
            return table
        }
        gateway.publish(next, dresses: dresses)
        precondition(eventually { gateway.appliedRevision >= next.revision }, "revision \(next.revision) not applied")
    }

    /// Publishes listeners besides the first one, which has its rules in the table already.
    func publish(listening others: [BoundListener], _ change: (inout RoutingTable) -> Void) {
        let next = table.withLock { table in
            change(&table)
            table.revision = table.revision.next
            return table
        }
        let first = BoundListener(name: Self.listener, descriptors: sockets.descriptors, address: sockets.bound)
        gateway.publish(next, listeners: [first] + others)
        precondition(eventually { gateway.appliedRevision >= next.revision }, "revision \(next.revision) not applied")
    }

    func setStanding(_ number: Int, _ standing: Backend.Standing) {
        publish { $0.services[0].backends[number - 1].standing = standing }
    }

    func connect(receiveBuffer: CInt? = nil) -> Socket { Socket(port: port, receiveBuffer: receiveBuffer) }

    /// One request on a connection of its own.
    func get(_ path: String = "/") -> (head: String, body: String) {
        let client = connect()
        client.write("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        return client.readResponse()
    }

    func gauges(_ number: Int) -> BackendGauges { gateway.gauges(of: BackendID(UInt32(number)))! }

    var listenerGauges: ListenerGauges { gateway.listenerGauges(Self.listener)! }

    var serviceGauges: ServiceGauges { gateway.serviceGauges(Self.service)! }

    /// The access log's lines once there are `count` of them.
    func log(_ count: Int) -> [String] {
        var lines: [String] = []
        _ = eventually {
            lines = readFile(logPath).components("\n").filter { !$0.isEmpty }
            return lines.count >= count
        }
        return lines
    }

    var now: Instant { MonotonicClock.now }

    /// Moves the access log aside and has it opened anew.
    func rotateLog() {
        rename(logPath, logPath + ".1")
        gateway.reopenAccessLog()
        precondition(eventually { access(logPath, F_OK) == 0 })
        unlink(logPath + ".1")
    }

    /// Whether everything that was counted up has been counted down.
    var isQuiet: Bool {
        eventually {
            serviceGauges.inFlight == 0 && serviceGauges.held == 0 && gateway.requestsInFlight == 0
                && gateway.openConnections == 0
        }
    }
}

func readFile(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 65536)
    while case let count = read(descriptor, &room, room.count), count > 0 { bytes.append(contentsOf: room[..<count]) }
    return String(decoding: bytes, as: UTF8.self)
}

/// The value of a key in a line of JSON, as it stands there.
func value(_ key: String, _ line: String) -> String? {
    guard let start = line.firstRange(of: "\"\(key)\":") else { return nil }
    let rest = line[start.upperBound...]
    switch rest.first {
    case "\"": return String(rest.dropFirst().prefix { $0 != "\"" })
    case "[": return String(rest.prefix { $0 != "]" }) + "]"
    default: return String(rest.prefix { $0 != "," && $0 != "}" })
    }
}
