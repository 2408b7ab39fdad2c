// The supervised processes of one service: what is run, how many, and how they come and go.

import Vocabulary

/// `instances` of a service.
package struct InstancesSetting: Hashable, Sendable {
    /// The command, at least one word. `$PORT`, `${PORT}` and the other variables of an instance are still in it: the
    /// supervisor fills them in at spawn.
    package var run: [String]
    /// What is started first, on an empty state directory.
    package var release: ReleaseName
    /// A directory with one directory per release; see `Settings.resolved`.
    package var releases: String?
    /// How many run at least and at most. Equal bounds fix the number.
    package var count: ClosedRange<Int>
    package var scale: ScaleSetting
    package var rollout: RolloutSetting
    package var drain: InstanceDrainSetting
    package var stop: StopSetting
    /// Added to the environment of each instance; values may name its variables as `run` may.
    package var environment: [String: String]
    package var limits: InstanceLimits
    /// Every one exists in `Settings.shares`.
    package var shares: [ShareName]

    package init(
        run: [String], release: ReleaseName = Defaults.release, releases: String? = nil,
        count: ClosedRange<Int> = Defaults.instanceCount, scale: ScaleSetting = ScaleSetting(),
        rollout: RolloutSetting = RolloutSetting(), drain: InstanceDrainSetting = InstanceDrainSetting(),
        stop: StopSetting = StopSetting(), environment: [String: String] = [:],
        limits: InstanceLimits = InstanceLimits(), shares: [ShareName] = []
    ) {
        self.run = run
        self.release = release
        self.releases = releases
        self.count = count
        self.scale = scale
        self.rollout = rollout
        self.drain = drain
        self.stop = stop
        self.environment = environment
        self.limits = limits
        self.shares = shares
    }
}

/// What decides how many instances run between the bounds.
package struct ScaleSetting: Hashable, Sendable {
    /// Requests in flight (and held) that one instance is meant to carry.
    package var inFlight: Int
    /// How long fewer must have sufficed before one is stopped.
    package var downAfter: Duration

    package init(inFlight: Int = Defaults.scaleInFlight, downAfter: Duration = Defaults.scaleDownAfter) {
        self.inFlight = inFlight
        self.downAfter = downAfter
    }
}

/// How a release replaces another.
package struct RolloutSetting: Hashable, Sendable {
    /// What happens when the new release fails.
    package enum Undo: String, Hashable, Sendable, CaseIterable {
        case automatic, manual
    }

    /// Instances more than wanted while rolling; a percentage rounds up.
    package var surge: InstanceAmount
    /// Instances fewer than wanted while rolling; a percentage rounds down.
    package var unavailable: InstanceAmount
    /// How long a new instance must have been healthy before it counts.
    package var settle: Duration
    /// Without progress for this long the rollout has failed.
    package var deadline: Duration
    package var undo: Undo

    package init(
        surge: InstanceAmount = Defaults.rolloutSurge, unavailable: InstanceAmount = Defaults.rolloutUnavailable,
        settle: Duration = Defaults.rolloutSettle, deadline: Duration = Defaults.rolloutDeadline,
        undo: Undo = Defaults.rolloutUndo
    ) {
        self.surge = surge
        self.unavailable = unavailable
        self.settle = settle
        self.deadline = deadline
        self.undo = undo
    }
}

/// A number of instances, or a share of those wanted.
package enum InstanceAmount: Hashable, Sendable, CustomStringConvertible {
    case count(Int)
    case share(Percent)

    /// The number when `desired` (0 or more) are wanted, a share rounded up.
    package func roundedUp(of desired: Int) -> Int {
        switch self {
        case .count(let count): count
        case .share(let share): (desired * share.hundredths + 99) / 100
        }
    }

    /// The number when `desired` (0 or more) are wanted, a share rounded down.
    package func roundedDown(of desired: Int) -> Int {
        switch self {
        case .count(let count): count
        case .share(let share): desired * share.hundredths / 100
        }
    }

    package var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .share(let share): "\(share)"
        }
    }
}

/// How long a draining instance may finish what it has.
package struct InstanceDrainSetting: Hashable, Sendable {
    package var requests: Duration
    /// Upgraded connections (WebSocket).
    package var tunnels: Duration

    package init(requests: Duration = Defaults.drainRequests, tunnels: Duration = Defaults.drainTunnels) {
        self.requests = requests
        self.tunnels = tunnels
    }
}

/// How an instance is asked to exit.
package struct StopSetting: Hashable, Sendable {
    /// From SIGTERM to SIGKILL.
    package var grace: Duration

    package init(grace: Duration = Defaults.stopGrace) {
        self.grace = grace
    }
}

/// What one instance may use; `nil` leaves the system's own limit.
package struct InstanceLimits: Hashable, Sendable {
    package var openFiles: Int?
    /// Address space (RLIMIT_AS).
    package var memory: ByteCount?

    package init(openFiles: Int? = nil, memory: ByteCount? = nil) {
        self.openFiles = openFiles
        self.memory = memory
    }
}
