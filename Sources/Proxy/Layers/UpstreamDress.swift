// What the connections to a backend speak beneath HTTP/1.1. Made by the control plane, read by every worker.

import TLS

/// Immutable, like `ListenerDress`. Backends whose connections may be taken for each other share one.
package final class UpstreamDress: Sendable {
    /// TLS is spoken and the backend's certificate verified by these rules. Its ALPN offers `h2` exactly when `isH2`
    /// is set.
    package let tls: TLSClientContext?
    /// The name (or numeric address) that is sent as SNI and that the backend's certificate must have.
    package let name: String
    /// HTTP/2: by ALPN over TLS, with prior knowledge without.
    package let isH2: Bool

    package init(tls: TLSClientContext? = nil, name: String = "", isH2: Bool = false) {
        self.tls = tls
        self.name = name
        self.isH2 = isH2
    }
}
