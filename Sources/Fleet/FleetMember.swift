// One instance as the fleet keeps it: its life, its health and what the gateway last counted for it.

import Health
import Lifecycle
import Vocabulary

/// An instance and all that is known of it. Pure.
struct FleetMember: Sendable {
    let id: InstanceID
    let release: ReleaseName
    var life: InstanceMachine
    var health: HealthMachine
    /// Failures in a row on its line of replacements when it was spawned.
    let attempt: Int
    /// Whether an operator wants it replaced.
    var isRetired = false
    /// When the probe under way was ordered.
    var probedAt: Instant?
    /// Whether it was told that its first probes keep failing.
    var hasProbeComplaint = false
    /// The last word of its health check.
    var detail: String?
    /// The newest counters of the gateway.
    var counters: LoadSample.Member?

    var inFlight: Int { counters?.inFlight ?? 0 }
    var isReady: Bool { life.phase == .ready }
    /// Whether it is meant to stay.
    var isStaying: Bool { !life.isLeaving && !isRetired }

    /// Whether it goes before `other` when one of them must: what does not serve first, then the idlest, then the
    /// older release, then the higher ordinal.
    func isVictim(before other: FleetMember, ageOf: (ReleaseName) -> Int) -> Bool {
        let mine = (Self.worth(life.phase), inFlight, ageOf(release))
        let others = (Self.worth(other.life.phase), other.inFlight, ageOf(other.release))
        return mine == others ? id.ordinal > other.id.ordinal : mine < others
    }

    private static func worth(_ phase: InstancePhase) -> Int {
        switch phase {
        case .unhealthy: 0
        case .starting: 1
        default: 2
        }
    }
}
