/// Rules by which connections to backends speak TLS.
package final class TLSClientContext: Sendable {}
