// One event-loop thread of the data plane: session logic over any event loop. This file has what a worker keeps and how
// events find their way; the story goes on in the `Worker+…` files:
//
// 1. Accepting: a client comes (`+Accepting`).
// 2. Requests: its bytes become a head, a route and a service (`+Requests`), its body goes upstream (`+Bodies`).
// 3. Attempts: choose a backend and count the request in flight in one step, connect or take from the pool, send
//    (`+Attempts`, `+Pool`); without a backend: `+Holding`.
// 4. Responses: head, body, or a tunnel on 101 (`+Responses`, `+Tunnels`).
// 5. Endings: every way a request can end, and the log line (`+Endings`, `+Failures`, `+Logging`); timeouts
//    (`+Deadlines`); new tables, drain and stop (`+Tables`).
//
// Isolation: everything is confined to the worker's thread; `mailbox` and the gauge lanes are all that others see.
// Invariants: a client has at most one upstream connection and that one points back; `backend.inFlight` is raised
// where a backend is chosen and lowered in `endAttempt` only; `conclude` runs once per request.

import EventLoop
import Glibc
import HTTPWire
import Routing
import Vocabulary

struct Worker<Loop: LayeredLoop & ~Copyable>: ~Copyable {
    /// What a slot of the loop is used for.
    enum Role: UInt8 {
        case none
        case client
        case upstream
        /// Ticks while held requests may try again.
        case holdTimer
        /// Ends a pause of accepting.
        case acceptTimer
    }

    var loop: Loop
    let index: Int
    let workerCount: Int
    let mailbox: Mailbox
    var matcher: RouteMatcher?
    /// The same for the server names of TLS that is passed on unopened.
    var passthroughMatcher: RouteMatcher?
    /// From the table's numbering of services to ours.
    var serviceNumbers: [Int32] = []
    var services: [ServiceState] = []
    var backends = BackendTable()
    var listeners: [ListenerState] = []
    var roles: Slabs<Role>
    var clients: Slabs<Client>
    var peers: Slabs<PeerText>
    var upstreams: Slabs<Upstream>
    /// Clients in the order of their slots, to find them all: one past the highest slot ever used.
    var slotsEnd: UInt32 = 0
    var blocks = BlockPool()
    var output = Output()
    var requestParser = RequestHeadParser()
    var responseParser = ResponseHeadParser()
    let chunkRanges: UnsafeMutablePointer<Range<Int>>
    var random: SeededRandom
    var log: AccessLog
    var holdTimer = ConnectionHandle.none
    var acceptTimer = ConnectionHandle.none
    var isHoldTimerArmed = false
    /// This worker's share of what may be lent in blocks, and of the descriptors.
    var bufferBytesMax = Int.max
    var descriptorsMax = Int.max
    /// Why the last listener could not be listened on; 0: it could.
    var listenError: CInt = 0
    var isDraining = false
    var isStopping = false

    init(loop: consuming Loop, index: Int, configuration: Gateway.Configuration) {
        let limits = LoopLimits()
        self.index = index
        workerCount = configuration.workers
        mailbox = Mailbox(bell: loop.bell)
        self.loop = loop
        roles = Slabs(slotsMax: limits.slotsMax, blank: .none)
        clients = Slabs(slotsMax: limits.slotsMax, blank: Client())
        peers = Slabs(slotsMax: limits.slotsMax, blank: PeerText())
        upstreams = Slabs(slotsMax: limits.slotsMax, blank: Upstream())
        chunkRanges = .allocate(capacity: Self.chunkRangesMax)
        chunkRanges.initialize(repeating: 0..<0, count: Self.chunkRangesMax)
        random = SeededRandom(seed: configuration.seed).split("worker \(index)")
        log = AccessLog(path: configuration.accessLogPath)
        holdTimer = self.loop.makeTimer()
        acceptTimer = self.loop.makeTimer()
        descriptorsMax = Self.descriptorShare(of: configuration)
        prepare(holdTimer, .holdTimer)
        prepare(acceptTimer, .acceptTimer)
    }

    deinit {
        chunkRanges.deallocate()
        for service in services { service.release() }
        for listener in listeners { listener.nameJSON.deallocate() }
    }

    static var chunkRangesMax: Int { 48 }

    /// Serves until told to stop.
    mutating func run() {
        var event = LoopEvent()
        while !isStopping {
            loop.next(&event)
            handle(event)
            flush()
        }
        stopServing()
    }

    /// Makes the records of a slot and says what it is for.
    mutating func prepare(_ handle: ConnectionHandle, _ role: Role) {
        roles.prepare(handle.index)
        roles[handle.index].pointee = role
        slotsEnd = max(slotsEnd, handle.index + 1)
        switch role {
        case .client:
            clients.prepare(handle.index)
            peers.prepare(handle.index)
        case .upstream: upstreams.prepare(handle.index)
        case .none, .holdTimer, .acceptTimer: break
        }
    }

    /// Deals with one event; `flush` sends what came of it.
    mutating func handle(_ event: LoopEvent) {
        switch event.kind {
        case .turn: log.flush()
        case .wakeup: readMail()
        case .accepted: accepted(event.connection, token: event.token)
        case .opened: streamOpened(event.connection, parent: event.parent)
        case .acceptFailed: acceptFailed(token: event.token)
        default:
            switch roles[event.connection.index].pointee {
            case .client: handleClient(clients[event.connection.index], event)
            case .upstream: handleUpstream(upstreams[event.connection.index], event)
            case .holdTimer: retryHeld()
            case .acceptTimer: resumeAccepting()
            case .none: break
            }
        }
    }

    private mutating func handleClient(_ client: UnsafeMutablePointer<Client>, _ event: LoopEvent) {
        switch event.kind {
        case .received: clientReceived(client, event.bytes)
        case .spliced: clientSpliced(client, event.count)
        case .ended: clientEnded(client)
        case .drained: clientDrained(client)
        case .deadline: clientDeadline(client)
        case .broken, .sendFailed, .hangup: clientBroken(client)
        case .accepted, .acceptFailed, .connected, .connectFailed, .wakeup, .turn: break
        case .established: clientEstablished(client)
        case .multiplexed: clientMultiplexed(client)
        case .headBegun, .headGrew: headWaits(client, isNew: event.kind == .headBegun)
        case .headEnded: headEnded(client)
        case .opened: break
        }
    }

    private mutating func handleUpstream(_ upstream: UnsafeMutablePointer<Upstream>, _ event: LoopEvent) {
        switch event.kind {
        case .received: upstreamReceived(upstream, event.bytes)
        case .spliced: upstreamSpliced(upstream, event.count)
        case .ended: upstreamEnded(upstream)
        case .drained: upstreamDrained(upstream)
        case .deadline: upstreamDeadline(upstream)
        case .connected: upstreamConnected(upstream)
        case .connectFailed: connectFailed(upstream, isTimeout: false)
        case .broken: upstreamBroken(upstream, event.error)
        case .sendFailed: upstreamSendFailed(upstream)
        // Paused because the client is slow: what it sent is read later, and then its end.
        case .hangup: break
        case .accepted, .acceptFailed, .wakeup, .turn, .established, .multiplexed, .opened, .headBegun, .headGrew,
            .headEnded:
            break
        }
    }

    /// Sends what this event has put together.
    @inline(__always)
    mutating func flush() {
        guard output.count > 0 else { return }
        loop.send(output.target, UnsafeMutableBufferPointer(start: output.pieces, count: output.count))
        output.clear()
    }

    /// Directs what is added to `output` from here on to `connection`.
    @inline(__always)
    mutating func aim(_ connection: ConnectionHandle) {
        if output.target != connection || !output.hasRoom { flush() }
        output.target = connection
    }
}
