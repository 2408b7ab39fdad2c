// Where a socket listens or connects to, as people write it. Resolving a host name is `Kernel`'s work.

/// A TCP host and port, or the path of a unix socket.
package enum Endpoint: Hashable, Sendable, Codable {
    /// `host` is a numeric address or a name, without brackets; port 0 asks the system for a free one.
    case tcp(host: String, port: UInt16)
    case unix(path: String)
}

extension Endpoint {
    /// Whether the system is to choose the port, so that two of them are two places.
    package var isAnyPort: Bool {
        if case .tcp(_, 0) = self { true } else { false }
    }
}

extension Endpoint: CustomStringConvertible {
    /// Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT` (both mean every address) or `unix:PATH`.
    ///
    /// `nil` when the text is none of these; the caller words the error, since it knows the place.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path holds 108 bytes with its terminator (unix(7)).
            guard !path.isEmpty, path.utf8.count <= 107 else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else {
            guard let port = Self.port(text[...]) else { return nil }
            self = .tcp(host: "0.0.0.0", port: port)
            return
        }
        guard let port = Self.port(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let allowed = host.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && !"/?#@[]\\\"".utf8.contains(byte)
        }
        guard allowed else { return nil }
        self = .tcp(host: host.isEmpty || host == "*" ? "0.0.0.0" : String(host), port: port)
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt16(text)
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
