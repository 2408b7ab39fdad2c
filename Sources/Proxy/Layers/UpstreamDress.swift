// What the connections to a service's backends speak beneath HTTP/1.1. Made by the control plane, read by every worker.

/// Immutable, like `ListenerDress`.
package final class UpstreamDress: Sendable {
    /// HTTP/2: by ALPN over TLS, with prior knowledge without.
    package let isH2: Bool

    package init(isH2: Bool = false) {
        self.isH2 = isH2
    }
}
