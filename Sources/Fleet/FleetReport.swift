// What status shows of one supervised service.

import Rollouts
import Scaling
import Vocabulary

/// One service's instances at one moment.
package struct FleetReport: Sendable, Hashable {
    package var service: ServiceName
    package var bounds: ScalingBounds
    package var desired: Int
    /// Why the desired number is what it is.
    package var desiredReason: String
    /// The stable release: the one of the last completed rollout.
    package var stable: ReleaseName
    /// The rollout in progress, or the last one.
    package var rollout: RolloutReport?
    /// In the order of their ordinals.
    package var instances: [InstanceReport]
    /// Replacements that wait out their back-off, soonest first.
    package var backingOff: [BackOffReport]
    /// Releases that crash again and again and get one trial at a time.
    package var crashLooping: [ReleaseName]

    /// A rollout and how far it got.
    package struct RolloutReport: Sendable, Hashable {
        package var record: RolloutRecord
        /// New instances that serve and have settled, of how many are wanted.
        package var replaced: Int
        package var desired: Int
    }

    /// One process.
    package struct InstanceReport: Sendable, Hashable {
        package var id: InstanceID
        package var release: ReleaseName
        /// `starting`, `ready`, `unhealthy`, `draining` or `stopping`: the words of the admin API.
        package var phase: String
        /// The last word of its health check or of its end.
        package var detail: String?
        /// When the phase began.
        package var since: Instant
        /// When its process was ordered or began.
        package var startedAt: Instant
        package var inFlight: Int
    }

    /// A replacement that is not there yet. Its phase for the admin API is `backing_off`.
    package struct BackOffReport: Sendable, Hashable {
        package var release: ReleaseName
        /// When it may be spawned.
        package var until: Instant
        /// How many times in a row it has failed.
        package var attempt: Int
        /// Why the one before it ended.
        package var reason: String
    }
}
