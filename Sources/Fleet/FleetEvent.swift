// What happened in the world, as the actor tells the fleet, and what an operator asks of it.

import Scaling
import Vocabulary

/// Something that happened to a service's instances.
///
/// Late, repeated and unknown events are harmless: each is either answered again or ignored.
package enum FleetEvent: Sendable, Hashable {
    /// Answers `.spawn`: the process runs.
    case spawned(InstanceID)
    /// Answers `.spawn`: there is no process. `reason` is a sentence for people.
    case spawnFailed(InstanceID, reason: String)
    /// The keeper already has this instance: it outlived the server before us. Before `.inventoryComplete`.
    case adopted(InstanceID, release: ReleaseName, startedAt: Instant)
    /// The keeper has named all it has. Nothing is spawned before this.
    case inventoryComplete
    /// The process is gone, whoever wanted it. `description` is like "exit code 3" or "signal 9 (SIGKILL)".
    case exited(InstanceID, description: String)
    /// Answers `.probe`.
    case probed(InstanceID, pass: Bool, detail: String)
    /// Answers `.probe` too: we could not ask, which says nothing of the instance.
    case probeNotSent(InstanceID, detail: String)
    /// The gateway's counters, about twice a second.
    case load(LoadSample)
    /// Answers `.drain`: every worker has the table in which it drains, and nothing is in flight on it.
    case drained(InstanceID)
    /// Answers `.drain` too: what is in flight on it still has had the time that its kind is given.
    case drainExpired(InstanceID)
    /// The settings were read again.
    case policyChanged(FleetPolicy)
}

/// What the gateway counted, for one service at one moment.
package struct LoadSample: Sendable, Hashable {
    /// One instance's counters since the server started.
    package struct Member: Sendable, Hashable {
        package var id: InstanceID
        /// Requests it has now.
        package var inFlight: Int
        /// Requests ever sent to it; never less than failures of either kind together.
        package var requestsTotal: Int
        /// Answers of its own with a status of 500 and above.
        package var responses5xx: Int
        /// Answers that never came or broke off: reset, closed early, malformed, timed out.
        package var upstreamFailures: Int
        /// Connections that did not come about.
        package var connectFailures: Int
        /// Up to now, in a row; 0 after a connection that came about.
        package var consecutiveConnectFailures: Int

        package init(
            id: InstanceID, inFlight: Int, requestsTotal: Int, responses5xx: Int, upstreamFailures: Int,
            connectFailures: Int, consecutiveConnectFailures: Int
        ) {
            self.id = id
            self.inFlight = inFlight
            self.requestsTotal = requestsTotal
            self.responses5xx = responses5xx
            self.upstreamFailures = upstreamFailures
            self.connectFailures = connectFailures
            self.consecutiveConnectFailures = consecutiveConnectFailures
        }
    }

    /// In any order; instances that are missing are not changed.
    package var members: [Member]
    /// The integral over time of requests in flight and held, since the server started, in request-nanoseconds: the
    /// gateway's `serviceGauges.inFlightNanoseconds`.
    package var inFlightNanoseconds: UInt64
    /// Requests that wait for a ready instance now.
    package var heldNow: Int

    package init(members: [Member], inFlightNanoseconds: UInt64, heldNow: Int) {
        self.members = members
        self.inFlightNanoseconds = inFlightNanoseconds
        self.heldNow = heldNow
    }
}

/// What an operator orders.
package enum FleetCommand: Sendable, Hashable {
    /// Keep between so many and so many; equal bounds act at once.
    case scale(ScalingBounds)
    case startRollout(ReleaseName)
    case pauseRollout
    case resumeRollout
    /// While a rollout runs: back to where it came from. After one: a rollout to the stable release before.
    case undoRollout
    /// Replace this instance, then stop it.
    case drain(InstanceID)
    /// Drain and stop everything; nothing is spawned any more. Ends with `Fleet.isStopped`.
    case stopAll
}

/// Why a command was not obeyed.
package struct FleetRefusal: Error, Sendable, Hashable {
    /// How the admin API answers.
    package enum Kind: Sendable, Hashable {
        /// There is no such thing.
        case notFound
        /// It makes no sense as it stands.
        case invalid
        /// It does not fit the present state.
        case conflict
    }

    package var kind: Kind
    package var message: String
    /// The operator's next step.
    package var hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}
