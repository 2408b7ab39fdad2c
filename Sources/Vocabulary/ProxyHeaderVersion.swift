// How a PROXY protocol header is written. `HTTPWire` writes it; a service says which of the two its backends want.

/// The two versions of the PROXY protocol.
package enum ProxyHeaderVersion: String, Hashable, Sendable, CaseIterable {
    /// A line of text.
    case v1
    /// Binary.
    case v2
}
