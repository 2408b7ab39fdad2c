// A range of IP addresses that begin with the same bits: whom a listener trusts. Pure.

/// An address and how many of its leading bits count: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
package struct Network: Hashable, BitwiseCopyable, Sendable {
    /// Its bits behind the prefix are zero.
    package let base: IPAddress
    /// 0 … 128; an IPv4 network has 96 more than it is written with, because of the mapped form.
    package let prefixBits: UInt8

    /// Reads `ADDRESS` or `ADDRESS/BITS`. `nil` when it is neither, has too many bits, or has bits set behind its prefix,
    /// which is more often a typing mistake than meant.
    ///
    /// `::/0` is every address, IPv4 included; `0.0.0.0/0` is every IPv4 address.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let isV4 = !parts[0].contains(":")
        var bits = 128
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ $0 &- 0x30 < 10 }),
                parts[1] == "0" || !parts[1].hasPrefix("0"), let written = Int(parts[1]), written <= (isV4 ? 32 : 128)
            else { return nil }
            bits = isV4 ? 96 + written : written
        }
        let masked = Self.masked(address, bits)
        guard masked == address else { return nil }
        base = masked
        prefixBits = UInt8(bits)
    }

    /// The network of the first `bits` bits of an address.
    package init(_ address: IPAddress, bits: Int) {
        precondition((0...128).contains(bits), "a prefix has 0 to 128 bits, not \(bits)")
        base = Self.masked(address, bits)
        prefixBits = UInt8(bits)
    }

    package func contains(_ address: IPAddress) -> Bool { Self.masked(address, Int(prefixBits)) == base }

    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        IPAddress(
            high: address.high & ~(bits >= 64 ? 0 : UInt64.max >> UInt64(bits)),
            low: address.low & ~(bits <= 64 ? .max : bits == 128 ? 0 : UInt64.max >> UInt64(bits - 64)))
    }
}

extension Network: CustomStringConvertible {
    /// As it is written; an address alone without its bits.
    package var description: String {
        guard prefixBits < 128 else { return "\(base)" }
        return base.isV4 && prefixBits >= 96 ? "\(base)/\(prefixBits - 96)" : "\(base)/\(prefixBits)"
    }
}
