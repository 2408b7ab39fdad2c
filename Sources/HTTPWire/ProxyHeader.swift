// What a PROXY protocol header says (versions 1 and 2 of the HAProxy specification): who connected to the balancer
// before us, and where. Values only; reading is in `ProxyHeader+Reading`, writing in `ProxyHeader+Writing`.

import Vocabulary

/// The two ends of the connection that a header speaks of. Trivial.
package struct ProxyHeader: Hashable, BitwiseCopyable, Sendable {
    /// Bytes of a version 1 header, its CRLF included (§2.1); more is malformed.
    package static let textBytesMax = 107
    /// Bytes of a version 2 header with its vectors; more is malformed. The two addresses of a unix socket take 232;
    /// the rest is for TLVs, certificate names among them. It fits into a small lent block.
    package static let bytesMax = 4096

    /// The speaker itself connected (LOCAL: its health check), or it does not tell for whom it did (UNKNOWN, UNSPEC, or
    /// a unix socket): the address of the socket stands, and the fields below say nothing.
    package var isLocal: Bool
    package var source: IPAddress
    package var destination: IPAddress
    package var sourcePort: UInt16
    package var destinationPort: UInt16

    package init(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16) {
        isLocal = false
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
    }

    private init() {
        self.init(
            source: IPAddress(high: 0, low: 0), sourcePort: 0, destination: IPAddress(high: 0, low: 0),
            destinationPort: 0)
        isLocal = true
    }

    package static var local: ProxyHeader { ProxyHeader() }
}

/// What the first bytes of a connection are.
package enum ProxyHeaderParse: Hashable, Sendable {
    /// A header so far; more must come. At most `ProxyHeader.bytesMax` bytes are ever needed.
    case incomplete
    /// The first `length` bytes are a header.
    case complete(length: Int, ProxyHeader)
    case malformed(ProxyHeaderFault)
}

/// Why bytes are no PROXY header.
package enum ProxyHeaderFault: String, Hashable, Sendable, CaseIterable {
    /// They begin like neither version: the peer speaks without a header.
    case notProxy = "not_proxy"
    case tooLong = "too_long"
    /// Version 1: not the words, single spaces, addresses and ports that it must have.
    case badText = "bad_text"
    /// Version 2: a version other than 2, or a command that is neither LOCAL nor PROXY.
    case badCommand = "bad_command"
    /// Version 2: an address family or a transport that can't be that of a TCP connection.
    case badFamily = "bad_family"
    /// Version 2: shorter than its addresses.
    case tooShort = "too_short"
}
