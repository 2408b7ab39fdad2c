// One instance from its spawn to its end.
//
//     starting ─→ ready ⇄ unhealthy ─→ draining ─→ stopping ─→ killed ─→ gone
//
// The order of a stop is fixed: out of rotation, requests in flight run to zero (or to the deadline), SIGTERM, grace,
// SIGKILL, reaped. SIGTERM before zero is possible only through the drain deadline. Draining is absorbing: no probe
// brings an instance back from it. A process may end in any phase, so `exited` is always legal.

import Vocabulary

/// Where an instance stands. The words are those of the admin API, except for the last two.
package enum InstancePhase: String, Hashable, Sendable, Codable {
    case starting, ready, unhealthy, draining, stopping
    /// SIGKILL was sent.
    case killed
    /// The process does not exist any more.
    case gone
}

/// The life of one instance. Pure.
package struct InstanceMachine: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        /// Followed by `ready`, `stopping` (never had traffic), `draining` (adopted) or `gone`.
        case starting(isSpawned: Bool)
        /// Followed by `unhealthy`, `draining` or `gone`.
        case ready
        /// Followed by `ready`, `draining` or `gone`.
        case unhealthy
        /// Followed by `stopping` or `gone`.
        case draining
        /// Followed by `killed` or `gone`.
        case stopping
        /// Followed by `gone`.
        case killed(again: Instant)
        case gone
    }

    /// May change at any time; running deadlines move with it.
    package var policy: LifecyclePolicy
    /// When its process was ordered, or when the adopted process began.
    package let startedAt: Instant
    /// When the phase began.
    package private(set) var since: Instant
    private var state: State
    /// Whether the server before us may have routed traffic to it.
    private let isAdopted: Bool
    /// The start deadline runs from here: the spawn, or the adoption.
    private let watchedFrom: Instant
    private var readyLongest: Duration?

    private init(policy: LifecyclePolicy, startedAt: Instant, isAdopted: Bool, now: Instant) {
        self.policy = policy
        self.startedAt = startedAt
        self.isAdopted = isAdopted
        since = now
        watchedFrom = now
        state = .starting(isSpawned: isAdopted)
    }

    /// An instance whose spawn is ordered now.
    package static func ordered(policy: LifecyclePolicy, now: Instant) -> InstanceMachine {
        InstanceMachine(policy: policy, startedAt: now, isAdopted: false, now: now)
    }

    /// An instance that outlived the server before us: it must pass one probe like a new one.
    package static func adopted(policy: LifecyclePolicy, startedAt: Instant, now: Instant) -> InstanceMachine {
        InstanceMachine(policy: policy, startedAt: startedAt, isAdopted: true, now: now)
    }

    /// Where it stands, for people.
    package var phase: InstancePhase {
        switch state {
        case .starting: .starting
        case .ready: .ready
        case .unhealthy: .unhealthy
        case .draining: .draining
        case .stopping: .stopping
        case .killed: .killed
        case .gone: .gone
        }
    }

    /// Whether it is on its way out.
    package var isLeaving: Bool {
        switch state {
        case .draining, .stopping, .killed, .gone: true
        case .starting, .ready, .unhealthy: false
        }
    }

    /// Whether there is a process to probe, and a use in probing it.
    package var isProbed: Bool {
        switch state {
        case .starting(let isSpawned): isSpawned
        case .ready, .unhealthy: true
        case .draining, .stopping, .killed, .gone: false
        }
    }

    /// How long it has been ready without a break; `nil` when it is not ready.
    package func readyFor(now: Instant) -> Duration? {
        state == .ready ? now - since : nil
    }

    // MARK: Events

    /// The process runs. When it should be gone already, the signal that came too early is repeated.
    package mutating func spawned(now: Instant) -> InstanceAction? {
        switch state {
        case .starting(isSpawned: false):
            state = .starting(isSpawned: true)
            return nil
        case .stopping: return .terminate(isOverdue: false)
        case .killed: return .kill
        case .starting, .ready, .unhealthy, .draining, .gone: return nil
        }
    }

    /// It passed the probes it needed.
    package mutating func becameHealthy(now: Instant) -> InstanceAction? {
        switch state {
        case .starting, .unhealthy:
            move(to: .ready, now)
            return .admit
        // Ready already; or a late answer about one that leaves, which stays so.
        case .ready, .draining, .stopping, .killed, .gone: return nil
        }
    }

    /// It failed as often as it takes.
    package mutating func becameUnhealthy(now: Instant) -> InstanceAction? {
        // One that starts never had traffic; one that leaves takes none.
        guard state == .ready else { return nil }
        readyLongest = max(readyLongest ?? .zero, now - since)
        move(to: .unhealthy, now)
        return .withhold
    }

    /// It is to go. Nothing happens when it is going already.
    package mutating func leave(now: Instant) -> InstanceAction? {
        switch state {
        case .starting where !isAdopted:
            move(to: .stopping, now)
            return .terminate(isOverdue: false)
        case .starting, .ready, .unhealthy:
            move(to: .draining, now)
            return .drain
        case .draining, .stopping, .killed, .gone: return nil
        }
    }

    /// Nothing is in flight on it and nothing new can come.
    package mutating func drained(now: Instant) -> InstanceAction? {
        guard state == .draining else { return nil }
        move(to: .stopping, now)
        return .terminate(isOverdue: false)
    }

    /// What is still in flight on it has had its time: the caller knows the classes of it, and their deadlines.
    package mutating func drainExpired(now: Instant) -> InstanceAction? {
        guard state == .draining else { return nil }
        move(to: .stopping, now)
        return .terminate(isOverdue: true)
    }

    /// The process is gone. Legal in every phase.
    package mutating func exited(now: Instant) -> InstanceEnd {
        defer { move(to: .gone, now) }
        switch state {
        case .starting: return .failedStart
        case .ready: return .crashed(readyFor: max(readyLongest ?? .zero, now - since))
        case .unhealthy: return .crashed(readyFor: readyLongest ?? .zero)
        case .draining: return .leftEarly
        case .stopping, .killed, .gone: return .stopped
        }
    }

    // MARK: Time

    /// When `tick` is due; `nil` when no deadline runs.
    package var nextDeadline: Instant? {
        switch state {
        case .starting(let isSpawned):
            let start = watchedFrom + policy.startDeadline
            return isSpawned ? start : min(start, watchedFrom + policy.spawnTimeout)
        case .draining: return since + policy.drainDeadline
        case .stopping: return since + policy.stopGrace
        case .killed(let again): return again
        case .ready, .unhealthy, .gone: return nil
        }
    }

    /// Enforces the deadline that has passed, if one has.
    package mutating func tick(now: Instant) -> InstanceAction? {
        guard let deadline = nextDeadline, now >= deadline else { return nil }
        switch state {
        case .starting(isSpawned: false):
            move(to: .gone, now)
            return .failSpawn
        case .starting where isAdopted:
            move(to: .draining, now)
            return .failAdoption
        case .starting:
            move(to: .stopping, now)
            return .failStart
        case .draining:
            move(to: .stopping, now)
            return .terminate(isOverdue: true)
        case .stopping:
            move(to: .killed(again: now + policy.killInterval), now)
            return .kill
        case .killed:
            state = .killed(again: now + policy.killInterval)
            return .kill
        case .ready, .unhealthy, .gone:
            preconditionFailure("no deadline runs in \(state)")
        }
    }

    private mutating func move(to next: State, _ now: Instant) {
        state = next
        since = now
    }
}
