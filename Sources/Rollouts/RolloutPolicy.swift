// The budget and the patience of a rolling update.

import Vocabulary

/// A number of instances, plain or as a share of how many are wanted.
package enum InstanceShare: Hashable, Sendable, Codable {
    /// 0 or more.
    case count(Int)
    /// Percent of the desired number, 0 or more.
    case percent(Int)

    /// So many of `desired`, a part counting as one.
    package func roundedUp(of desired: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): (desired * percent + 99) / 100
        }
    }

    /// So many of `desired`, a part counting as none.
    package func roundedDown(of desired: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): desired * percent / 100
        }
    }
}

/// The rollout settings of a service. Pure. Source of the rules: research note on supervisors, §2.2.
package struct RolloutPolicy: Hashable, Sendable, Codable {
    /// What happens when the new release fails.
    package enum Undo: String, Hashable, Sendable, Codable {
        /// Back to the release it came from, by itself.
        case automatic
        /// The rollout pauses and waits for a person.
        case manual
    }

    /// How many instances more than desired may run. Shares round up.
    package var surge: InstanceShare
    /// How many instances fewer than desired may serve. Shares round down; when both come to 0 this one is 1.
    package var unavailable: InstanceShare
    /// How long a new instance must stay ready before it counts.
    package var settle: Duration
    /// How long a rollout may go without progress. The clock stands still while it is paused.
    package var deadline: Duration
    package var undo: Undo
    package var judge: JudgePolicy

    package init(
        surge: InstanceShare = .count(1), unavailable: InstanceShare = .count(0), settle: Duration = .seconds(5),
        deadline: Duration = .seconds(600), undo: Undo = .automatic, judge: JudgePolicy = JudgePolicy()
    ) {
        self.surge = surge
        self.unavailable = unavailable
        self.settle = settle
        self.deadline = deadline
        self.undo = undo
        self.judge = judge
    }
}

/// When the answers of a new release count as worse than those of the old one. Pure.
package struct JudgePolicy: Hashable, Sendable, Codable {
    /// The chance, over a whole rollout, of undoing a release that is as good as the old one.
    package var alpha: Double
    /// Requests of the new release before the first comparison.
    package var firstLook: Int
    /// Each further comparison waits for this many times the requests of the one before.
    package var lookGrowth: Double
    /// Failed starts in a row, before any instance of the new release was ready, that undo it.
    package var failedStartsMax: Int
    /// The floor rule needs at least so many failures of the new release …
    package var floorFailures: Int
    /// … in more than this share of its requests …
    package var floorShare: Double
    /// … while less than this share fails on the old one.
    package var floorBaseline: Double

    package init(
        alpha: Double = 1e-3, firstLook: Int = 20, lookGrowth: Double = 1.5, failedStartsMax: Int = 3,
        floorFailures: Int = 5, floorShare: Double = 0.5, floorBaseline: Double = 0.05
    ) {
        self.alpha = alpha
        self.firstLook = firstLook
        self.lookGrowth = lookGrowth
        self.failedStartsMax = failedStartsMax
        self.floorFailures = floorFailures
        self.floorShare = floorShare
        self.floorBaseline = floorBaseline
    }
}
