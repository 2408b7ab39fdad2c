// Host patterns as people write them.

extension HostPattern: CustomStringConvertible {
    /// Reads `shop.example.com`, `*.example.com`, an IPv4 address or an IPv6 address in brackets, in any case.
    ///
    /// `nil` when the text is none of these, such as a name with a port or with characters outside of ASCII; the
    /// caller words the error, since it knows the place. "Any host" has no text: a route leaves the host out.
    package init?(_ text: String) {
        let lower = text.lowercased()
        if lower.hasPrefix("["), lower.hasSuffix("]") {
            let address = lower.utf8.dropFirst().dropLast()
            let allowed = address.allSatisfy { "0123456789abcdef:.".utf8.contains($0) }
            guard allowed, address.contains(UInt8(ascii: ":")) else { return nil }
            self = .exact(lower)
            return
        }
        let isSuffix = lower.hasPrefix("*.")
        let name = isSuffix ? String(lower.dropFirst(2)) : lower
        guard Self.isHostName(name) else { return nil }
        self = isSuffix ? .suffix(name) : .exact(name)
    }

    /// RFC 1123 §2.1 and RFC 1035 §2.3.4, with `_` allowed since container names carry it.
    private static func isHostName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
                && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy { byte in
                    (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
                        || byte == UInt8(ascii: "_")
                }
        }
    }

    /// The form `init` reads; `any host` for the pattern without a text.
    package var description: String {
        switch self {
        case .any: "any host"
        case .suffix(let suffix): "*.\(suffix)"
        case .exact(let name): name
        }
    }
}
