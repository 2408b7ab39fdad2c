// Which request goes to which service, decided once per revision and matched per request.

import Vocabulary

/// A rule: requests for this host and below this path go to this service.
package struct Route: Hashable, Sendable {
    package var host: HostPattern
    /// Starts with `/`; matches itself and everything below it at a segment border. `/` matches every path.
    package var path: String
    package var service: ServiceName

    package init(host: HostPattern = .any, path: String = "/", service: ServiceName) {
        self.host = host
        self.path = path
        self.service = service
    }
}

/// What a route asks of the request's host, compared without case and without port.
package enum HostPattern: Hashable, Sendable {
    case any
    /// `*.example.com`: any number of labels in front of the suffix, at least one. Stored without `*.`, lower case.
    case suffix(String)
    /// Lower case.
    case exact(String)
}
