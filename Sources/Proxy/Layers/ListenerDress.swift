// What the connections of a listener speak beneath HTTP/1.1. Made by the control plane, read by every worker.

import TLS

/// Immutable: a change (a new certificate) is a new dress.
package final class ListenerDress: Sendable {
    /// TLS is spoken, by these certificates. Its ALPN offers `h2` exactly when `http2` is set.
    package let tls: TLSServerContext?
    /// Every connection begins with a PROXY protocol header, before anything else. Who may send one is the session
    /// logic's business: it closes connections from elsewhere when they are accepted.
    package let readsProxyHeader: Bool
    /// HTTP/2 is offered by ALPN.
    package let http2: Bool
    /// HTTP/2 with prior knowledge is taken on plain connections (RFC 9113 §3.3).
    package let h2c: Bool
    /// The names of every certificate of the front door: a request for one of them that comes over a connection with
    /// another certificate is misdirected.
    package let certifiedHosts: ServerNames?

    package init(
        tls: TLSServerContext? = nil, readsProxyHeader: Bool = false, http2: Bool = false, h2c: Bool = false,
        certifiedHosts: ServerNames? = nil
    ) {
        self.readsProxyHeader = readsProxyHeader
        self.tls = tls
        self.certifiedHosts = certifiedHosts
        self.http2 = http2
        self.h2c = h2c
    }

    /// The same behind a PROXY protocol header; without a dress, plain bytes behind it.
    package convenience init(heralding dress: ListenerDress?) {
        self.init(
            tls: dress?.tls, readsProxyHeader: true, http2: dress?.http2 ?? false, h2c: dress?.h2c ?? false,
            certifiedHosts: dress?.certifiedHosts)
    }

    /// Whether an accepted connection has something to say before its application bytes, so that the session waits for
    /// `.established` or `.multiplexed`. `SecureLoop` tells `.established` when `tls` or `readsProxyHeader` is set; with
    /// `h2c` alone it is `MultiplexLoop` that looks at the first bytes and tells.
    package var isPreceded: Bool { tls != nil || readsProxyHeader || h2c }
}
