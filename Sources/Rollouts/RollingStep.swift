// The arithmetic of a rolling update: how many to start and stop now without leaving the budget.
//
// Like Kubernetes' deployment controller (rolling.go), with two stricter points: instances that are still draining or
// stopping count against the surge, so no more processes than `desired + surge` ever run; and while nothing proves the
// new release, no more than one surge of it is started, and the old release fills any other gap.

import Vocabulary

/// The instances a step is reckoned from. "Fresh" are those that should stay, "stale" those that should go.
package struct RollingCensus: Hashable, Sendable {
    package var desired: Int
    /// Not leaving.
    package var fresh: Int
    /// Of those, serving and settled.
    package var freshAvailable: Int
    /// Not leaving.
    package var stale: Int
    /// Of those, serving.
    package var staleAvailable: Int
    /// Every process there is, leaving ones included.
    package var all: Int

    package init(desired: Int, fresh: Int, freshAvailable: Int, stale: Int, staleAvailable: Int, all: Int) {
        self.desired = desired
        self.fresh = fresh
        self.freshAvailable = freshAvailable
        self.stale = stale
        self.staleAvailable = staleAvailable
        self.all = all
    }
}

/// What to start and stop now. Pure.
package struct RollingStep: Hashable, Sendable {
    package var spawnFresh = 0
    /// Of the release that is being left: fills gaps while the fresh one is unproven.
    package var spawnStale = 0
    /// Stale ones that do not serve.
    package var stopUnavailable = 0
    /// Stale ones that serve.
    package var stopAvailable = 0

    package init(spawnFresh: Int = 0, spawnStale: Int = 0, stopUnavailable: Int = 0, stopAvailable: Int = 0) {
        self.spawnFresh = spawnFresh
        self.spawnStale = spawnStale
        self.stopUnavailable = stopUnavailable
        self.stopAvailable = stopAvailable
    }
}

/// How far a rollout may leave the desired number, in instances. Pure.
package struct RollingBudget: Hashable, Sendable {
    package let surge: Int
    package let unavailable: Int

    /// Surge rounds up, unavailable rounds down; when both come to 0, one may be unavailable. With a surge the last
    /// serving instance is never given away: its replacement can come first.
    package init(_ policy: RolloutPolicy, desired: Int) {
        surge = max(policy.surge.roundedUp(of: desired), 0)
        let down = max(policy.unavailable.roundedDown(of: desired), 0)
        unavailable = surge == 0 ? min(max(down, 1), desired) : min(down, max(desired - 1, 0))
    }

    /// - Parameters:
    ///   - isProven: whether an instance of the fresh release has ever settled.
    ///   - dropsUnavailable: whether stale instances that do not serve go at once, whatever the count: in an undo they
    ///     are not waited for.
    package func step(_ census: RollingCensus, isProven: Bool, dropsUnavailable: Bool) -> RollingStep {
        var step = RollingStep()
        let room = max(census.desired + surge - census.all, 0)
        step.spawnFresh = max(min(room, census.desired - census.fresh), 0)
        if !isProven, census.staleAvailable > 0 {
            let trial = max(surge, unavailable)
            step.spawnFresh = min(step.spawnFresh, max(trial - census.fresh, 0))
            let gap = census.desired - unavailable - census.stale - census.freshAvailable
            step.spawnStale = max(min(gap, room - step.spawnFresh), 0)
        }
        let serving = census.desired - unavailable
        let freshUnavailable = census.fresh - census.freshAvailable
        let staleUnavailable = census.stale - census.staleAvailable
        let removable = max(census.fresh + census.stale - serving - freshUnavailable, 0)
        step.stopUnavailable = dropsUnavailable ? staleUnavailable : min(staleUnavailable, removable)
        let spare = census.freshAvailable + census.staleAvailable - serving
        let left = dropsUnavailable ? spare : min(spare, removable - step.stopUnavailable)
        step.stopAvailable = max(min(census.staleAvailable, left), 0)
        return step
    }
}
