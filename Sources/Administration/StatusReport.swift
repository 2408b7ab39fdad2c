// What `portico status` shows and `GET /v1/status` returns: one value, made by the supervisor, read by people,
// scripts, metrics and the driver. Field names are the JSON names.

import Vocabulary

/// The whole front door at one moment.
package struct StatusReport: Codable, Sendable, Hashable {
    package var version: String
    package var serverPID: Int32
    package var keeperPID: Int32
    package var startedAt: String
    /// How many times the keeper has started a server on this state directory since the keeper started.
    package var serverStarts: Int
    package var stateDirectory: String
    package var accessLog: String?
    /// `epoll` or `io_uring`.
    package var engine: String
    /// Why that one.
    package var engineReason: String
    package var workers: Int
    package var revision: UInt64
    package var ready: Bool
    package var listeners: [ListenerReport]
    package var services: [ServiceReport]
    package var shares: [ShareReport]

    package init(
        version: String, serverPID: Int32, keeperPID: Int32, startedAt: String, serverStarts: Int,
        stateDirectory: String, accessLog: String?, engine: String, engineReason: String,
        workers: Int, revision: UInt64, ready: Bool,
        listeners: [ListenerReport], services: [ServiceReport], shares: [ShareReport]
    ) {
        self.version = version
        self.serverPID = serverPID
        self.keeperPID = keeperPID
        self.startedAt = startedAt
        self.serverStarts = serverStarts
        self.stateDirectory = stateDirectory
        self.accessLog = accessLog
        self.engine = engine
        self.engineReason = engineReason
        self.workers = workers
        self.revision = revision
        self.ready = ready
        self.listeners = listeners
        self.services = services
        self.shares = shares
    }
}

/// One listener and its connection counts since the server started.
package struct ListenerReport: Codable, Sendable, Hashable {
    package var name: String
    /// The address it really has: port 0 is replaced by the port it got.
    package var bind: String
    package var connectionsOpen: Int
    package var connectionsAccepted: Int
    /// Connections closed at once: their address has as many as it may, or is not trusted to announce others.
    package var requestsRefused: Int
    package var refusals: ListenerRefusals
    /// `nil`: plain bytes.
    package var tls: TLSReport?

    package init(
        name: String, bind: String, connectionsOpen: Int, connectionsAccepted: Int, requestsRefused: Int,
        refusals: ListenerRefusals = ListenerRefusals(), tls: TLSReport? = nil
    ) {
        self.refusals = refusals
        self.tls = tls
        self.name = name
        self.bind = bind
        self.connectionsOpen = connectionsOpen
        self.connectionsAccepted = connectionsAccepted
        self.requestsRefused = requestsRefused
    }
}

/// What became of clients that a listener did not take at once, counted since the server started.
package struct ListenerRefusals: Codable, Sendable, Hashable {
    /// Closed: their address has as many connections as it may.
    package var perAddress: Int
    /// Closed: from outside the networks that may send a PROXY header.
    package var untrusted: Int
    /// Closed: without the PROXY header that they must begin with, or with a bad one.
    package var unheralded: Int
    /// How often a worker stopped accepting because the bound on connections was reached.
    package var pausedFull: Int
    /// The same, because descriptors or memory were short.
    package var pausedShort: Int

    package init(
        perAddress: Int = 0, untrusted: Int = 0, unheralded: Int = 0, pausedFull: Int = 0, pausedShort: Int = 0
    ) {
        self.perAddress = perAddress
        self.untrusted = untrusted
        self.unheralded = unheralded
        self.pausedFull = pausedFull
        self.pausedShort = pausedShort
    }
}

/// TLS of one listener: what it shows its clients, and how handshakes went since the server started.
package struct TLSReport: Codable, Sendable, Hashable {
    package var certificates: [CertificateReport]
    /// Why newer files are kept out; `nil`: the newest ones are in use.
    package var problem: String?
    package var handshakes: Int
    /// Of these, those that went on from an earlier session.
    package var handshakesResumed: Int
    package var handshakesFailed: Int

    package init(
        certificates: [CertificateReport], problem: String?, handshakes: Int, handshakesResumed: Int,
        handshakesFailed: Int
    ) {
        self.certificates = certificates
        self.problem = problem
        self.handshakes = handshakes
        self.handshakesResumed = handshakesResumed
        self.handshakesFailed = handshakesFailed
    }
}

/// One certificate in use.
package struct CertificateReport: Codable, Sendable, Hashable {
    package var file: String
    package var names: [String]
    /// `ECDSA 256`: the kind of key and its bits.
    package var key: String
    /// SHA-256 in lower-case hex.
    package var fingerprint: String
    /// RFC 3339, UTC.
    package var validUntil: String
    /// The same since 1970.
    package var validUntilSeconds: Int

    package init(
        file: String, names: [String], key: String, fingerprint: String, validUntil: String, validUntilSeconds: Int
    ) {
        self.validUntilSeconds = validUntilSeconds
        self.file = file
        self.names = names
        self.key = key
        self.fingerprint = fingerprint
        self.validUntil = validUntil
    }
}

/// One service: its size, its release, its backends.
package struct ServiceReport: Codable, Sendable, Hashable {
    package var name: String
    package var balance: String
    /// `nil` for a service of fixed backends.
    package var instancesMin: Int?
    package var instancesMax: Int?
    package var instancesDesired: Int?
    /// Why the desired number is what it is.
    package var scalingReason: String?
    package var release: String?
    package var rollout: RolloutReport?
    package var requestsInFlight: Int
    package var requestsHeld: Int
    package var requestsTotal: Int
    package var responses5xx: Int
    package var backends: [BackendReport]

    package init(
        name: String, balance: String, instancesMin: Int?, instancesMax: Int?, instancesDesired: Int?,
        scalingReason: String?, release: String?, rollout: RolloutReport?, requestsInFlight: Int, requestsHeld: Int,
        requestsTotal: Int, responses5xx: Int, backends: [BackendReport]
    ) {
        self.name = name
        self.balance = balance
        self.instancesMin = instancesMin
        self.instancesMax = instancesMax
        self.instancesDesired = instancesDesired
        self.scalingReason = scalingReason
        self.release = release
        self.rollout = rollout
        self.requestsInFlight = requestsInFlight
        self.requestsHeld = requestsHeld
        self.requestsTotal = requestsTotal
        self.responses5xx = responses5xx
        self.backends = backends
    }
}

/// One backend: a supervised instance or a fixed address.
package struct BackendReport: Codable, Sendable, Hashable {
    /// `documents-3`, or the address of a fixed backend.
    package var name: String
    package var address: String
    package var pid: Int32?
    package var release: String?
    /// `starting`, `ready`, `unhealthy`, `draining`, `stopping`, `backing_off` or `crash_looping`; fixed backends: `ready`
    /// or `unhealthy`.
    package var phase: String
    /// The last word of its health check, in full: "200 in 1.2 ms", "connection refused".
    package var health: String?
    package var uptimeSeconds: Double?
    package var requestsInFlight: Int
    package var requestsTotal: Int
    package var responses5xx: Int
    package var connectFailures: Int
    package var logFile: String?

    package init(
        name: String, address: String, pid: Int32?, release: String?, phase: String, health: String?,
        uptimeSeconds: Double?, requestsInFlight: Int, requestsTotal: Int, responses5xx: Int, connectFailures: Int,
        logFile: String?
    ) {
        self.name = name
        self.address = address
        self.pid = pid
        self.release = release
        self.phase = phase
        self.health = health
        self.uptimeSeconds = uptimeSeconds
        self.requestsInFlight = requestsInFlight
        self.requestsTotal = requestsTotal
        self.responses5xx = responses5xx
        self.connectFailures = connectFailures
        self.logFile = logFile
    }
}

/// A rollout, running or ended.
package struct RolloutReport: Codable, Sendable, Hashable {
    /// Where it stands.
    package enum State: String, Codable, Sendable, Hashable {
        case rolling, paused, undoing
        case completed, undone, failed

        /// Whether nothing more will happen by itself.
        package var isFinal: Bool {
            switch self {
            case .completed, .undone, .failed: true
            case .rolling, .paused, .undoing: false
            }
        }
    }

    /// Counts up from 1 within the service.
    package var number: Int
    package var from: String
    package var to: String
    package var state: State
    /// What it waits for, or how it ended, in a sentence.
    package var reason: String
    package var startedAt: String
    package var endedAt: String?
    /// New instances that serve, of how many are wanted.
    package var replaced: Int
    package var desired: Int

    package init(
        number: Int, from: String, to: String, state: State, reason: String, startedAt: String, endedAt: String?,
        replaced: Int, desired: Int
    ) {
        self.number = number
        self.from = from
        self.to = to
        self.state = state
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.replaced = replaced
        self.desired = desired
    }
}

/// One shared directory.
package struct ShareReport: Codable, Sendable, Hashable {
    package var name: String
    package var path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

/// One line of the event log: what was decided or happened, and why.
package struct EventReport: Codable, Sendable, Hashable {
    /// RFC 3339, UTC, microseconds.
    package var time: String
    /// `instance_ready`, `scaled`, `rollout_started`, …: a closed set of words, see `Telemetry`.
    package var kind: String
    package var service: String?
    package var instance: String?
    package var release: String?
    /// A sentence for people.
    package var message: String

    package init(time: String, kind: String, service: String?, instance: String?, release: String?, message: String) {
        self.time = time
        self.kind = kind
        self.service = service
        self.instance = instance
        self.release = release
        self.message = message
    }
}
