// Whether one backend may take traffic, decided from probes (we ask) and signals (traffic tells).
//
// A backend starts unproven and is down until one probe passes. From then on `fall` failures in a row take it out and
// `rise` passes in a row bring it back. Refused connections seen by traffic take it out at once when there are enough
// in a row; fewer of them only pull the next probe forward. Not for carrying probes out, and not for processes.

import Vocabulary

/// What changed about a backend's health.
package enum HealthChange: Hashable, Sendable {
    /// It may take traffic.
    case becameHealthy
    /// It may take no new traffic. The reason is a sentence for people.
    case becameUnhealthy(reason: String)
}

/// The health of one backend. Pure.
package struct HealthMachine: Sendable {
    /// Whether a backend may take traffic.
    package enum Standing: String, Hashable, Sendable, Codable {
        /// Never passed a probe. Followed by `healthy`.
        case unproven
        /// Followed by `unhealthy`.
        case healthy
        /// Fell after it had been healthy. Followed by `healthy`.
        case unhealthy
    }

    package private(set) var policy: HealthPolicy
    package private(set) var standing = Standing.unproven
    /// When the next probe is due. A caller with a probe under way waits for its answer: probes never overlap.
    package private(set) var nextProbe: Instant
    private var random: SeededRandom
    private var passesInARow = 0
    private var failuresInARow = 0

    /// A backend nobody has probed yet: down, and due for its first probe at once.
    package init(policy: HealthPolicy, random: SeededRandom, now: Instant) {
        self.policy = policy
        self.random = random
        nextProbe = now
    }

    /// Whether it may take traffic.
    package var isHealthy: Bool { standing == .healthy }

    /// Takes over changed settings; the standing and the counts are carried over, the next probe comes no later than
    /// the new interval asks.
    package mutating func adopt(_ changed: HealthPolicy, now: Instant) {
        guard changed != policy else { return }
        policy = changed
        nextProbe = min(nextProbe, now + pause())
    }

    /// Takes in one probe's answer and sets the time of the next.
    package mutating func probed(pass: Bool, now: Instant) -> HealthChange? {
        let change = pass ? passed() : failed()
        nextProbe = now + pause()
        return change
    }

    /// Takes in that a due probe could not be sent, for a reason of ours: nothing changes but the time of the next.
    package mutating func probeNotSent(now: Instant) {
        nextProbe = now + pause()
    }

    /// Takes in that traffic could not connect. `consecutive` counts the failures in a row up to now, 1 or more.
    ///
    /// - Parameter isLast: whether no other backend is healthy. The last one is never taken out on traffic's word
    ///   alone; a probe decides.
    package mutating func connectFailed(consecutive: Int, isLast: Bool, now: Instant) -> HealthChange? {
        guard standing == .healthy else { return nil }
        guard consecutive >= policy.connectFailuresMax, !isLast else {
            nextProbe = min(nextProbe, now)
            return nil
        }
        fall()
        nextProbe = min(nextProbe, now + policy.fastInterval)
        return .becameUnhealthy(reason: "\(consecutive) connections in a row failed")
    }

    private mutating func passed() -> HealthChange? {
        failuresInARow = 0
        passesInARow += 1
        switch standing {
        case .healthy: return nil
        case .unproven: break
        case .unhealthy: guard passesInARow >= policy.rise else { return nil }
        }
        standing = .healthy
        return .becameHealthy
    }

    private mutating func failed() -> HealthChange? {
        passesInARow = 0
        failuresInARow += 1
        guard standing == .healthy, failuresInARow >= policy.fall else { return nil }
        let count = failuresInARow
        fall()
        return .becameUnhealthy(reason: count == 1 ? "a probe failed" : "\(count) probes in a row failed")
    }

    private mutating func fall() {
        standing = .unhealthy
        passesInARow = 0
        failuresInARow = 0
    }

    /// Settled backends are probed at the interval, spread so that probes do not march in step.
    private mutating func pause() -> Duration {
        switch standing {
        case .unproven: return policy.firstInterval
        case .unhealthy: return min(policy.fastInterval, policy.interval)
        case .healthy where failuresInARow > 0: return min(policy.fastInterval, policy.interval)
        case .healthy:
            let spread = (random.unit() * 2 - 1) * policy.jitter
            return .nanoseconds(Int64(Double(policy.interval.nanoseconds) * (1 + spread)))
        }
    }
}
