// One entry of `routes`. Which of several wins is decided in `Routing`, not by their order in the file.

import Routing
import Vocabulary

/// Requests for this host and below this path go to this service.
package struct RouteSetting: Hashable, Sendable {
    package var host: HostPattern
    /// As written: starts with `/`.
    package var path: String
    package var service: ServiceName

    package init(host: HostPattern = .any, path: String = Defaults.routePath, service: ServiceName) {
        self.host = host
        self.path = path
        self.service = service
    }
}
