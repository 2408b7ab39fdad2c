// What a step of an instance's life asks for, and how a life ended.

import Vocabulary

/// One thing to do to an instance.
package enum InstanceAction: Hashable, Sendable {
    /// Let traffic to it.
    case admit
    /// Keep new traffic from it.
    case withhold
    /// Let it finish what it has.
    case drain
    /// SIGTERM. `isOverdue` when the drain deadline passed with requests still in flight.
    case terminate(isOverdue: Bool)
    /// SIGKILL to its group.
    case kill
    /// Nobody answered the order to spawn: count a failed start, kill what may be there and forget it.
    case failSpawn
    /// The start deadline passed without a pass: count a failed start, then SIGTERM.
    case failStart
    /// The start deadline of an adopted instance passed: count a failed start, then drain.
    case failAdoption
}

/// How an instance's process ended.
package enum InstanceEnd: Hashable, Sendable {
    /// It was told to go.
    case stopped
    /// By itself, while it drained: nothing to replace.
    case leftEarly
    /// By itself, before it was ever ready.
    case failedStart
    /// By itself, after it had been ready without a break for so long.
    case crashed(readyFor: Duration)
}
