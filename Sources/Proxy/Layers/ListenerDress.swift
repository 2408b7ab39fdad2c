// What the connections of a listener speak beneath HTTP/1.1. Made by the control plane, read by every worker.

import TLS

/// Immutable: a change (a new certificate) is a new dress.
package final class ListenerDress: Sendable {
    /// TLS is spoken, by these certificates. Its ALPN offers `h2` exactly when `http2` is set.
    package let tls: TLSServerContext?
    /// HTTP/2 is offered by ALPN.
    package let http2: Bool
    /// HTTP/2 with prior knowledge is taken on plain connections (RFC 9113 §3.3).
    package let h2c: Bool
    /// The names of every certificate of the front door: a request for one of them that comes over a connection with
    /// another certificate is misdirected.
    package let certifiedHosts: ServerNames?

    package init(
        tls: TLSServerContext? = nil, http2: Bool = false, h2c: Bool = false, certifiedHosts: ServerNames? = nil
    ) {
        self.tls = tls
        self.certifiedHosts = certifiedHosts
        self.http2 = http2
        self.h2c = h2c
    }

    /// Whether an accepted connection has something to say before its application bytes, so that the session waits for
    /// `.established` or `.multiplexed`. `SecureLoop` tells `.established` when `tls` is set; with `h2c` alone it is
    /// `MultiplexLoop` that looks at the first bytes and tells.
    package var isPreceded: Bool { tls != nil || h2c }
}
