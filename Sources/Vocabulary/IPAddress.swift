// A numeric IP address as a trivial value: compared, masked and hashed without looking at its family. Not for ports or
// names; sockets have `Kernel.SocketAddress`.

/// An IPv4 or IPv6 address. An IPv4 address is kept in its IPv4-mapped form (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2), so a
/// client of a dual-stack socket equals the same client of an IPv4 socket.
package struct IPAddress: Hashable, BitwiseCopyable, Sendable {
    /// The first and the second eight bytes, the first byte highest.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `address` has the first byte highest: 127.0.0.1 is 0x7f00_0001.
    package init(v4 address: UInt32) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address))
    }

    package var isV4: Bool { high == 0 && low >> 32 == 0xffff }

    /// Of an IPv4 address: its four bytes, the first highest.
    package var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// Reads an address in text: four decimal numbers without leading zeros, or IPv6 (RFC 4291 §2.2) without zone and
    /// brackets. `nil` when it is neither. Pure, allocates nothing.
    package init?(text: UnsafeRawBufferPointer) {
        if text.contains(0x3A) {
            guard let address = Self.readV6(text) else { return nil }
            self = address
        } else {
            guard let address = Self.readV4(text[...]) else { return nil }
            self.init(v4: address)
        }
    }

    package init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ IPAddress(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = address
    }

    /// Leading zeros are refused: some readers take them for octal numbers.
    private static func readV4(_ text: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        var address: UInt32 = 0
        var (number, digits, dots) = (UInt32(0), 0, 0)
        for byte in text {
            if byte == 0x2E {
                guard digits > 0, dots < 3 else { return nil }
                address = address << 8 | number
                (number, digits, dots) = (0, 0, dots + 1)
                continue
            }
            guard byte &- 0x30 < 10, digits == 0 || number > 0 else { return nil }
            number = number * 10 + UInt32(byte &- 0x30)
            digits += 1
            guard number <= 255 else { return nil }
        }
        return digits > 0 && dots == 3 ? address << 8 | number : nil
    }

    /// Groups from the left, and from the right behind a `::`, which stands for at least one group of zeros.
    private static func readV6(_ text: UnsafeRawBufferPointer) -> IPAddress? {
        // Longer than any address; it also keeps the counts below small.
        guard text.count <= 45 else { return nil }
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var (count, gap, offset) = (0, -1, 0)
        while offset < text.count {
            if text[offset] == 0x3A {
                // A colon here is the second of `::`, or the first two of the text.
                guard gap < 0, offset > 0 || text.count > 1 && text[1] == 0x3A else { return nil }
                gap = count
                offset += offset == 0 ? 2 : 1
                continue
            }
            var end = offset
            while end < text.count, text[end] != 0x3A { end += 1 }
            if text[offset..<end].contains(0x2E) {
                // The last four bytes may be written as an IPv4 address.
                guard end == text.count, count <= 6, let address = readV4(text[offset..<end]) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: address >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: address)
                count += 2
                break
            }
            guard count < 8, let group = readGroup(text[offset..<end]) else { return nil }
            groups[count] = group
            count += 1
            offset = end
            guard offset < text.count else { break }
            // A single colon must be followed by another group or be the first of `::`.
            offset += 1
            guard offset < text.count else { return nil }
        }
        guard gap < 0 ? count == 8 : count < 8 else { return nil }
        var halves = (UInt64(0), UInt64(0))
        for position in 0..<8 {
            var group: UInt16 = 0
            if gap < 0 || position < gap {
                group = groups[position]
            } else if position >= 8 - (count - gap) {
                group = groups[position - (8 - count)]
            }
            if position < 4 {
                halves.0 = halves.0 << 16 | UInt64(group)
            } else {
                halves.1 = halves.1 << 16 | UInt64(group)
            }
        }
        return IPAddress(high: halves.0, low: halves.1)
    }

    private static func readGroup(_ text: Slice<UnsafeRawBufferPointer>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var group: UInt16 = 0
        for byte in text {
            let letter = (byte | 0x20) &- 0x61
            guard byte &- 0x30 < 10 || letter < 6 else { return nil }
            group = group << 4 | UInt16(byte &- 0x30 < 10 ? byte &- 0x30 : letter + 10)
        }
        return group
    }
}

extension IPAddress: CustomStringConvertible {
    /// As people write it; IPv6 by RFC 5952 §4: the longest run of at least two zero groups, the first of equals, is `::`.
    package var description: String {
        if isV4 { return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)" }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64((3 - $0 % 4) * 16)) }
        var best = 0..<0
        var start = 0
        for position in 0...8 where position == 8 || groups[position] != 0 {
            if position - start > max(1, best.count) { best = start..<position }
            start = position + 1
        }
        let texts = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return texts.joined(separator: ":") }
        return texts[..<best.lowerBound].joined(separator: ":") + "::"
            + texts[best.upperBound...].joined(separator: ":")
    }
}
