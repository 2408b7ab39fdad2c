// The data plane of a simulated world: a routing table, requests in flight, a hold queue and the counters of both.

import Fleet
import Vocabulary

/// Spreads simulated requests over backends, in turn. Pure.
struct SimulatedGateway {
    enum Standing { case down, ready, draining }

    struct Backend {
        let id: InstanceID
        var standing: Standing
        var inFlight = 0
        var requestsTotal = 0
        var responses5xx = 0
        var upstreamFailures = 0
        var connectFailures = 0
        var consecutiveConnectFailures = 0
    }

    static let holdMax = 400
    static let holdFor = Duration.seconds(5)

    /// In the order of their ordinals.
    private(set) var backends: [Backend] = []
    /// When each held request gives up, oldest first.
    private(set) var held: [Instant] = []
    private(set) var failedRequests = 0
    private(set) var answeredRequests = 0
    private var turn = 0
    private var integral: UInt64 = 0
    private var integralAt: Instant

    init(now: Instant) {
        integralAt = now
    }

    func index(of id: InstanceID) -> Int? {
        backends.firstIndex { $0.id == id }
    }

    mutating func set(_ id: InstanceID, _ standing: Standing, now: Instant) {
        if let index = index(of: id) {
            backends[index].standing = standing
        } else {
            let place = backends.firstIndex { $0.id > id } ?? backends.endIndex
            backends.insert(Backend(id: id, standing: standing), at: place)
        }
    }

    /// Takes a backend out; what is in flight on it is lost.
    mutating func remove(_ id: InstanceID, now: Instant) {
        lose(id, now: now)
        backends.removeAll { $0.id == id }
    }

    /// The process behind a backend died: what is in flight on it is lost.
    mutating func lose(_ id: InstanceID, now: Instant) {
        guard let index = index(of: id) else { return }
        accrue(now)
        failedRequests += backends[index].inFlight
        backends[index].upstreamFailures += backends[index].inFlight
        backends[index].inFlight = 0
    }

    /// Sends a request on its way, or lets it wait.
    ///
    /// - Parameter takesConnections: whether a process listens there.
    /// - Returns: the backend that has it now.
    mutating func dispatch(now: Instant, takesConnections: (InstanceID) -> Bool) -> InstanceID? {
        accrue(now)
        for _ in backends.indices {
            turn += 1
            let index = turn % backends.count
            guard backends[index].standing == .ready else { continue }
            guard takesConnections(backends[index].id) else {
                backends[index].connectFailures += 1
                backends[index].consecutiveConnectFailures += 1
                continue
            }
            backends[index].consecutiveConnectFailures = 0
            backends[index].inFlight += 1
            backends[index].requestsTotal += 1
            return backends[index].id
        }
        if held.count < Self.holdMax { held.append(now + Self.holdFor) } else { failedRequests += 1 }
        return nil
    }

    /// Gives up on requests that were held too long, and takes one out of the queue when there is any.
    mutating func unhold(now: Instant) -> Bool {
        accrue(now)
        let tooLong = held.prefix { $0 <= now }.count
        held.removeFirst(tooLong)
        failedRequests += tooLong
        guard !held.isEmpty else { return false }
        held.removeFirst()
        return true
    }

    /// A request is answered. `isError` when by a 500.
    mutating func answer(_ id: InstanceID, isError: Bool, now: Instant) {
        guard let index = index(of: id), backends[index].inFlight > 0 else { return }
        accrue(now)
        backends[index].inFlight -= 1
        if isError {
            backends[index].responses5xx += 1
            failedRequests += 1
        } else {
            answeredRequests += 1
        }
    }

    mutating func sample(now: Instant) -> LoadSample {
        accrue(now)
        return LoadSample(
            members: backends.map {
                LoadSample.Member(
                    id: $0.id, inFlight: $0.inFlight, requestsTotal: $0.requestsTotal, responses5xx: $0.responses5xx,
                    upstreamFailures: $0.upstreamFailures, connectFailures: $0.connectFailures,
                    consecutiveConnectFailures: $0.consecutiveConnectFailures)
            }, inFlightNanoseconds: integral, heldNow: held.count)
    }

    /// Everything in flight or held is lost with the server.
    mutating func lossAtServerDeath() -> Int {
        backends.reduce(held.count) { $0 + $1.inFlight }
    }

    private mutating func accrue(_ now: Instant) {
        let count = backends.reduce(held.count) { $0 + $1.inFlight }
        integral += UInt64(count) * UInt64(max((now - integralAt).nanoseconds, 0))
        integralAt = now
    }
}
