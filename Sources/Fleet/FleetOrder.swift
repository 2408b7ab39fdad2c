// What the actor is to do, in this order, after each event. Orders leave no choices.

import Vocabulary

/// One thing to do. Every order may be repeated without harm, but for `.spawn`, which is given once per instance.
package enum FleetOrder: Sendable, Hashable {
    /// Start a process of this release under this id. Answer with `.spawned` or `.spawnFailed`, later `.exited`.
    case spawn(InstanceID, ReleaseName)
    /// Ask it once whether it is well, within the health timeout. Answer with `.probed`.
    case probe(InstanceID)
    /// Its backend's standing becomes `ready`.
    case admit(InstanceID)
    /// Its backend's standing becomes `down`.
    case withhold(InstanceID)
    /// Its backend's standing becomes `draining`. Answer with `.drained` once nothing is in flight on it. An instance
    /// that was never routed to is drained at once.
    case drain(InstanceID)
    /// SIGTERM. Answer with `.exited` when it is gone. Harmless when there is no such process.
    case terminate(InstanceID)
    /// SIGKILL to its process group. Answer with `.exited` when it is gone. Harmless when there is no such process.
    case kill(InstanceID)
    /// There is no such process any more: remove its backend from the routing table now, free its port, forget it.
    case forget(InstanceID)
    /// For the event log.
    case note(FleetNote)
}

/// A line for the event log: what was decided or happened, and why.
package struct FleetNote: Sendable, Hashable {
    /// The closed set of what a note is about.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case instanceStarting = "instance_starting"
        case instanceAdopted = "instance_adopted"
        case instanceReady = "instance_ready"
        /// Its process runs, but its first probes keep failing. Noted once.
        case instanceNotReady = "instance_not_ready"
        case instanceUnhealthy = "instance_unhealthy"
        case instanceDraining = "instance_draining"
        case instanceStopping = "instance_stopping"
        case instanceKilled = "instance_killed"
        /// It ended as it was told to.
        case instanceStopped = "instance_stopped"
        /// It ended by itself, or never started.
        case instanceFailed = "instance_failed"
        case scaled
        case crashLooping = "crash_looping"
        case crashLoopEnded = "crash_loop_ended"
        case rolloutStarted = "rollout_started"
        case rolloutPaused = "rollout_paused"
        case rolloutResumed = "rollout_resumed"
        case rolloutUndoing = "rollout_undoing"
        case rolloutCompleted = "rollout_completed"
        case rolloutUndone = "rollout_undone"
        case rolloutFailed = "rollout_failed"
    }

    package var kind: Kind
    package var instance: InstanceID?
    package var release: ReleaseName?
    /// A sentence for people.
    package var message: String

    package init(_ kind: Kind, instance: InstanceID? = nil, release: ReleaseName? = nil, _ message: String) {
        self.kind = kind
        self.instance = instance
        self.release = release
        self.message = message
    }
}
