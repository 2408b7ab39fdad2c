// Reads a PROXY protocol header. Both versions are told apart by their first byte, a wrong byte is refused as soon as
// it is there, and nothing is kept between calls: a header is short and read once per connection.
//
// Decisions where the specification leaves room:
// - TLVs, the CRC32C one included, are skipped. The header comes from a trusted network over TCP, which has its own
//   checksum, and nothing here depends on what they say.
// - `PROXY` with an unspecified family or a unix socket is taken like LOCAL (§2.2: "the receiver … may use the real
//   connection endpoints"); with a datagram transport it is refused, as is any unassigned value.
// - A mapped IPv4 address in a version 1 `TCP6` line is taken: HAProxy writes such lines for mixed families.

import Vocabulary

extension ProxyHeader {
    /// Reads the first bytes of a connection, all of them each time. Pure, allocates nothing.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderParse {
        guard let first = bytes.first else { return .incomplete }
        return first == 0x0D ? parseBinary(bytes) : parseText(bytes)
    }

    // MARK: Version 1

    private static func parseText(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderParse {
        guard beginsLike(bytes, "PROXY ") else { return .malformed(.notProxy) }
        var end = 0
        while end < bytes.count, bytes[end] != 0x0D {
            // Control bytes have no place in the line; a bare LF is one of them.
            guard bytes[end] >= 0x20, bytes[end] != 0x7F else { return .malformed(.badText) }
            end += 1
            guard end + 2 <= textBytesMax else { return .malformed(.tooLong) }
        }
        guard end + 1 < bytes.count else { return .incomplete }
        guard bytes[end + 1] == 0x0A else { return .malformed(.badText) }
        guard let header = readLine(UnsafeRawBufferPointer(rebasing: bytes[..<end])) else {
            return .malformed(.badText)
        }
        return .complete(length: end + 2, header)
    }

    /// A whole line without its CRLF.
    private static func readLine(_ line: UnsafeRawBufferPointer) -> ProxyHeader? {
        var rest = line[6...]
        let family = word(&rest)
        if spells(family, "UNKNOWN") { return .local }
        let isV6 = spells(family, "TCP6")
        guard isV6 || spells(family, "TCP4"), let source = address(word(&rest), isV6: isV6),
            let destination = address(word(&rest), isV6: isV6), let sourcePort = port(word(&rest)),
            let destinationPort = port(word(&rest)), rest.isEmpty, line.last != 0x20
        else { return nil }
        return ProxyHeader(
            source: source, sourcePort: sourcePort, destination: destination, destinationPort: destinationPort)
    }

    /// The bytes up to the next space, which is taken too. Two spaces in a row leave an empty word, which nothing accepts.
    private static func word(_ rest: inout Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
        let word = rest[rest.startIndex..<end]
        rest = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
        return UnsafeRawBufferPointer(rebasing: word)
    }

    private static func spells(_ word: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        word.count == text.utf8CodeUnitCount && beginsLike(word, text)
    }

    /// Whether the bytes, as many as there are, are those of `text`.
    private static func beginsLike(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        for index in 0..<min(bytes.count, text.utf8CodeUnitCount) where bytes[index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// An address in the form of its family: a colon is in every IPv6 address and in no IPv4 address.
    private static func address(_ text: UnsafeRawBufferPointer, isV6: Bool) -> IPAddress? {
        text.contains(0x3A) == isV6 ? IPAddress(text: text) : nil
    }

    /// 0 … 65535 without leading zeros.
    private static func port(_ digits: UnsafeRawBufferPointer) -> UInt16? {
        guard (1...5).contains(digits.count), digits.count == 1 || digits[0] != 0x30 else { return nil }
        var number: UInt32 = 0
        for digit in digits {
            guard digit &- 0x30 < 10 else { return nil }
            number = number * 10 + UInt32(digit &- 0x30)
        }
        return UInt16(exactly: number)
    }

    // MARK: Version 2

    /// `\r\n\r\n\0\r\nQUIT\n`
    static let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"

    private static func parseBinary(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderParse {
        guard beginsLike(bytes, signature) else { return .malformed(.notProxy) }
        guard bytes.count >= 13 else { return .incomplete }
        let isLocal = bytes[12] == 0x20
        guard isLocal || bytes[12] == 0x21 else { return .malformed(.badCommand) }
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        guard length <= bytesMax else { return .malformed(.tooLong) }
        // LOCAL: the family and what follows say nothing, whatever they are (§2.2).
        if isLocal { return bytes.count < length ? .incomplete : .complete(length: length, .local) }
        let addressBytes: Int
        switch bytes[13] {
        case 0x00, 0x31: addressBytes = 0
        case 0x11: addressBytes = 4
        case 0x21: addressBytes = 16
        default: return .malformed(.badFamily)
        }
        guard length >= 16 + (addressBytes > 0 ? 2 * addressBytes + 4 : 0) else { return .malformed(.tooShort) }
        guard bytes.count >= length else { return .incomplete }
        guard addressBytes > 0 else { return .complete(length: length, .local) }
        let ports = 16 + 2 * addressBytes
        return .complete(
            length: length,
            ProxyHeader(
                source: address(bytes, 16, addressBytes), sourcePort: number(bytes, ports),
                destination: address(bytes, 16 + addressBytes, addressBytes),
                destinationPort: number(bytes, ports + 2)))
    }

    private static func address(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> IPAddress {
        guard count == 16 else {
            return IPAddress(v4: UInt32(number(bytes, offset)) << 16 | UInt32(number(bytes, offset + 2)))
        }
        return IPAddress(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
    }

    /// Two bytes, the first higher.
    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }
}
