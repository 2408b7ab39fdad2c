// The versions we speak. Older ones are forbidden by RFC 8996.

import COpenSSL

/// The oldest version that is spoken.
package enum TLSVersion: String, Hashable, Sendable, CaseIterable {
    case v12 = "1.2"
    case v13 = "1.3"

    var number: CInt {
        switch self {
        case .v12: TLS1_2_VERSION
        case .v13: TLS1_3_VERSION
        }
    }
}

/// What comes after the handshake, agreed by ALPN (RFC 7301).
package enum ApplicationProtocols: Hashable, Sendable {
    /// ALPN is not spoken: any bytes.
    case any
    case http1
    /// HTTP/2 first, then HTTP/1.1.
    case http2AndHTTP1

    /// In the form of the extension: each name with its length in front.
    var wire: StaticString {
        switch self {
        case .any: ""
        case .http1: "\u{8}http/1.1"
        case .http2AndHTTP1: "\u{2}h2\u{8}http/1.1"
        }
    }
}
