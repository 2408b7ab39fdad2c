// The words of the event log. A closed set, so that scripts can rely on them: `portico events`, `events.log`, reports.

/// What an event is about. The raw value is the `kind` of the JSON.
package enum EventKind: String, CaseIterable, Sendable, Hashable, Codable {
    /// The server has its settings, its listeners and its connection to the keeper.
    case serverStarted = "server_started"
    /// The front door drains and will end.
    case serverStopping = "server_stopping"

    /// A reload changed something; the message says what.
    case settingsReloaded = "settings_reloaded"
    /// A reload was refused, nothing changed; the message says why.
    case settingsRefused = "settings_refused"
    /// Something could not be written to the state directory, or can again; the front door goes on meanwhile.
    case stateNotSaved = "state_not_saved"
    /// A limit of the system is lower than what the settings allow.
    case limitTooLow = "limit_too_low"
    /// The admin API can't be reached, or can again.
    case adminUnavailable = "admin_unavailable"
    case listenerOpened = "listener_opened"
    case listenerClosed = "listener_closed"
    /// New certificate files are in use; the message has their names and ends.
    case certificateSwapped = "certificate_swapped"
    /// New certificate files can't be used, the former ones stay; the message says why.
    case certificateRefused = "certificate_refused"
    /// A certificate is in its last 14 days, or over; the message says until when it is good.
    case certificateEnding = "certificate_ending"
    /// A certificate is in use that some clients may refuse; the message says why.
    case certificateOdd = "certificate_odd"

    case instanceSpawned = "instance_spawned"
    case instanceSpawnFailed = "instance_spawn_failed"
    /// It outlived an earlier server or keeper and is supervised again.
    case instanceAdopted = "instance_adopted"
    /// Its first pass, or the pass that brought it back: it takes traffic.
    case instanceReady = "instance_ready"
    /// It runs, but its first probes keep failing; the message has the last answer. Once per instance.
    case instanceNotReady = "instance_not_ready"
    /// It failed its health check and takes no traffic.
    case instanceUnhealthy = "instance_unhealthy"
    /// It takes nothing new and finishes what it has.
    case instanceDraining = "instance_draining"
    /// The gateway proved that nothing is in flight on it.
    case instanceDrained = "instance_drained"
    /// It was asked to exit (SIGTERM).
    case instanceStopping = "instance_stopping"
    /// Its grace ran out (SIGKILL).
    case instanceKilled = "instance_killed"
    /// It is gone, asked or not; the message has its exit code or signal.
    case instanceExited = "instance_exited"
    /// It will be started again after a pause.
    case instanceBackingOff = "instance_backing_off"
    /// Its release crashes again and again.
    case instanceCrashLooping = "instance_crash_looping"

    /// A backend at a fixed address passed its health check.
    case backendReady = "backend_ready"
    /// A backend at a fixed address failed its health check.
    case backendUnhealthy = "backend_unhealthy"

    /// The desired number of instances changed; the message has the reason.
    case scaled
    /// An operator or a reload set other bounds.
    case scaleBoundsSet = "scale_bounds_set"

    case rolloutStarted = "rollout_started"
    case rolloutProgressed = "rollout_progressed"
    case rolloutPaused = "rollout_paused"
    case rolloutResumed = "rollout_resumed"
    /// It goes back to the release it came from; the message has the reason.
    case rolloutUndoing = "rollout_undoing"
    case rolloutCompleted = "rollout_completed"
    case rolloutUndone = "rollout_undone"
    case rolloutFailed = "rollout_failed"

    case shareReady = "share_ready"
    case shareFailed = "share_failed"
}
