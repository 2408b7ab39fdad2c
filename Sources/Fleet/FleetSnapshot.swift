// What a restarted server must know of a service to carry on, as JSON on disk.

import Rollouts
import Scaling
import Vocabulary

/// The memory of a `Fleet`. Holds no clock readings: it outlives a reboot.
///
/// Save it, whenever it differs from what was saved, *before* carrying out the orders that came with the change. Then
/// an ordinal is never used twice, and an instance that was told to stop is not taken for a serving one.
package struct FleetSnapshot: Codable, Sendable, Hashable {
    /// The format written today; another one is not read.
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
    /// In the order of their ordinals.
    package var members: [Member]

    /// Bounds an operator ordered, valid as long as the file asks for the same as then.
    package struct BoundsOverride: Codable, Sendable, Hashable {
        package var ordered: ScalingBounds
        package var overridden: ScalingBounds

        package init(ordered: ScalingBounds, overridden: ScalingBounds) {
            self.ordered = ordered
            self.overridden = overridden
        }
    }
}

extension FleetSnapshot {
    /// A memory no fleet can have written is refused: counting on from it could overflow.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            format: try values.decode(Int.self, forKey: .format),
            stable: try values.decode(ReleaseName.self, forKey: .stable),
            nextOrdinal: try values.decode(UInt32.self, forKey: .nextOrdinal),
            desired: try values.decode(Int.self, forKey: .desired),
            boundsOverride: try values.decodeIfPresent(BoundsOverride.self, forKey: .boundsOverride),
            rollout: try values.decodeIfPresent(RolloutProgress.self, forKey: .rollout),
            history: try values.decode([RolloutRecord].self, forKey: .history),
            members: try values.decode([Member].self, forKey: .members))
        let numbers = history.map(\.number) + [rollout?.record.number ?? 1, rollout?.judge.looks ?? 0, desired]
        guard nextOrdinal <= Self.countMax, numbers.allSatisfy({ (0...Int(Self.countMax)).contains($0) }),
            rollout?.record.state.isFinal != true
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a number is out of range, or the rollout in progress has ended"))
        }
    }

    /// More of anything than one machine gets through.
    static let countMax = UInt32.max / 2
}
