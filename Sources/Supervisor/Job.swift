// What the supervisor does outside of itself: each runs in a task of its own and reports back as an event.

import Keeper
import Probing
import Vocabulary

/// One piece of work that waits for somebody else.
enum Job: Sendable {
    case spawn(InstanceID, ReleaseName)
    case probe(InstanceID, ProbeOrder)
    case probeFixed(service: ServiceName, backend: BackendID, ProbeOrder)
    case resolve(service: ServiceName, backend: BackendID, Endpoint)
    case signal(InstanceID, CInt, toGroup: Bool)
    case forget(InstanceID)
    /// Stops an instance of a service that the settings no longer know.
    case retire(InstanceID)
    /// The orderly end: see `Supervisor+Stopping`.
    case end
}
