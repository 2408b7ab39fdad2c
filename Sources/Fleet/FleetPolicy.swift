// All settings of one supervised service that the fleet decides by.

import Health
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

/// How one service's instances are kept. Pure.
///
/// What an instance runs (`run`, environment, limits) is not here: it changes nothing until an instance is spawned.
package struct FleetPolicy: Hashable, Sendable, Codable {
    /// The bounds the settings file gives. An operator's `scale` overrides them until the file's own change.
    package var bounds: ScalingBounds
    package var health: HealthPolicy
    package var lifecycle: LifecyclePolicy
    package var scaling: ScalingPolicy
    package var rollout: RolloutPolicy

    package init(
        bounds: ScalingBounds, health: HealthPolicy = HealthPolicy(), lifecycle: LifecyclePolicy = LifecyclePolicy(),
        scaling: ScalingPolicy = ScalingPolicy(), rollout: RolloutPolicy = RolloutPolicy()
    ) {
        self.bounds = bounds
        self.health = health
        self.lifecycle = lifecycle
        self.scaling = scaling
        self.rollout = rollout
    }
}
