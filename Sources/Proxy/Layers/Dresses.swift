// What every listener and backend wears, handed to the workers with a routing table.

import Vocabulary

/// Dresses by name. Who is not named here is plain.
package struct Dresses: Sendable {
    package var listeners: [ListenerName: ListenerDress]
    package var backends: [BackendID: UpstreamDress]

    package init(listeners: [ListenerName: ListenerDress] = [:], backends: [BackendID: UpstreamDress] = [:]) {
        self.listeners = listeners
        self.backends = backends
    }
}
