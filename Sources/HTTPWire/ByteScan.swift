// Looking at bytes fast: where the next control byte is, whether a name matches without case, what number digits spell.
// Offsets are checked by the callers; none of these reads outside the range it is given.

/// Reading bytes, one by one or eight at a time.
package enum ByteScan {
    /// Whether the byte is in a class of `ByteClass`.
    @inline(__always)
    static func isIn(_ byteClass: UInt8, _ byte: UInt8) -> Bool { ByteClass[byte] & byteClass != 0 }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The value of a hexadecimal digit, or `nil`.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    /// The offset of the first byte below 0x20 or equal to 0x7f in `start ..< end`, or `end`.
    ///
    /// Eight bytes at a time: the lowest flag of each test is exact (a borrow can only raise flags above a true one), so
    /// the lowest of both is. Never inlined: among its callers' variables the constants don't stay in registers, which
    /// costs 24 instructions per word and not 14.
    @inline(never)
    static func firstControl(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var offset = start
        while offset &+ 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let deletes = word ^ (ones &* 0x7f)
            let flags = ((word &- ones &* 0x20) & ~word | (deletes &- ones) & ~deletes) & tops
            if flags != 0 { return offset &+ flags.trailingZeroBitCount / 8 }
            offset &+= 8
        }
        while offset < end, bytes[offset] >= 0x20, bytes[offset] != 0x7f { offset &+= 1 }
        return offset
    }

    /// Whether the bytes spell `name`, which is lower case and made of letters, digits and `-`.
    @inline(__always)
    static func matches(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        range.count == name.utf8CodeUnitCount && hasPrefix(bytes, range, name)
    }

    /// Whether the bytes begin with `name`, which is lower case and made of letters, digits and `-`.
    ///
    /// Setting bit 5 maps only capitals, and control bytes that no caller lets through, on those characters.
    @inline(__always)
    static func hasPrefix(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard range.count >= length else { return false }
        for index in 0..<length where bytes[range.lowerBound &+ index] | 0x20 != name.utf8Start[index] { return false }
        return true
    }

    /// Whether two texts are equal without ASCII case.
    package static func areEqualWithoutCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where lowercased(left[index]) != lowercased(right[index]) { return false }
        return true
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// `range` without spaces and tabs at its ends (OWS, RFC 9110 §5.6.3).
    @inline(__always)
    static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start &+= 1 }
        while end > start, bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09 { end &-= 1 }
        return start..<end
    }

    /// The number that `range` spells in decimal digits, or `nil` when it is empty, longer than 19 digits, not all digits
    /// or above `Int64.max`.
    static func decimal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty, range.count <= 19 else { return nil }
        var number: UInt64 = 0
        for offset in range {
            guard isDigit(bytes[offset]) else { return nil }
            // 19 digits stay below 10^19, which fits 64 bits.
            number = number &* 10 &+ UInt64(bytes[offset] &- 0x30)
        }
        return number <= UInt64(Int64.max) ? number : nil
    }
}
