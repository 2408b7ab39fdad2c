// A listener's sockets, opened by somebody else.

import Vocabulary

/// Listening sockets that share one address, and the name under which the routing table has their rules.
package struct BoundListener: Hashable, Sendable {
    package var name: ListenerName
    /// Already listening. One per worker is best; a worker without one serves nothing of this listener.
    package var descriptors: [CInt]
    /// Where they listen, for reports.
    package var address: Endpoint

    package init(name: ListenerName, descriptors: [CInt], address: Endpoint) {
        self.name = name
        self.descriptors = descriptors
        self.address = address
    }
}
