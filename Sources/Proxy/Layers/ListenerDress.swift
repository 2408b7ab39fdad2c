// What the connections of a listener speak beneath HTTP/1.1. Made by the control plane, read by every worker.

/// Immutable: a change (a new certificate) is a new dress.
package final class ListenerDress: Sendable {
    /// HTTP/2 is offered by ALPN.
    package let http2: Bool
    /// HTTP/2 with prior knowledge is taken on plain connections (RFC 9113 §3.3).
    package let h2c: Bool

    package init(http2: Bool = false, h2c: Bool = false) {
        self.http2 = http2
        self.h2c = h2c
    }
}
