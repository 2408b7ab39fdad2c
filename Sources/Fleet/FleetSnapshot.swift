// What a restarted server must know of a service to carry on, as JSON on disk.

import Rollouts
import Scaling
import Vocabulary

/// The memory of a `Fleet`. Holds no clock readings: it outlives a reboot.
///
/// Save it, whenever it differs from what was saved, *before* carrying out the orders that came with the change. Then
/// an ordinal is never used twice, and an instance that was told to stop is not taken for a serving one.
package struct FleetSnapshot: Codable, Sendable, Hashable {
    package static let formatNow = 1

    /// An instance as it stood; only those still alive matter.
    package struct Member: Codable, Sendable, Hashable {
        package var id: InstanceID
        package var release: ReleaseName
        /// Whether it was on its way out: it is drained and stopped again, never admitted.
        package var isLeaving: Bool

        package init(id: InstanceID, release: ReleaseName, isLeaving: Bool) {
            self.id = id
            self.release = release
            self.isLeaving = isLeaving
        }
    }

    package var format: Int
    package var stable: ReleaseName
    package var nextOrdinal: UInt32
    package var desired: Int
    /// An operator's bounds, and the file's bounds they override.
    package var boundsOverride: BoundsOverride?
    package var rollout: RolloutProgress?
    /// Oldest first; the newest 20.
    package var history: [RolloutRecord]
    package var members: [Member]

    package struct BoundsOverride: Codable, Sendable, Hashable {
        package var ordered: ScalingBounds
        package var overridden: ScalingBounds
    }
}
