/// Certificates and rules by which a listener speaks TLS.
package final class TLSServerContext: Sendable {}
