// The only way heads are built: a writer that cannot pass the end of its buffer. A wrong length constant once put two
// stray bytes behind a request head, which the origin took for a second request; this type makes that impossible.

/// Appends bytes to a borrowed buffer. Never writes past its end: what does not fit is left out whole and sets
/// `isOverflowed`; the caller then discards everything.
///
/// The buffer belongs to the caller and must outlive the writer. The appends of whole texts are inlined within this
/// module, so that constant ones become a few stores: a quarter fewer instructions for a small head.
package struct ByteWriter: ~Copyable {
    let buffer: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    package internal(set) var count = 0
    /// Whether something did not fit. Once set it stays set, and nothing more is written.
    package internal(set) var isOverflowed = false

    package init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    /// What has been written. Empty after an overflow, so that half a head can never be sent.
    package var written: UnsafeRawBufferPointer {
        isOverflowed ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Appends bytes from outside the buffer.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let target = reserve(bytes.count) else { return }
        target.copyMemory(from: source, byteCount: bytes.count)
    }

    /// Appends the part of `bytes` that `range` names; it must lie within them.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        append(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    /// Appends a text that is known at compile time, and ASCII.
    @inline(__always)
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends one byte.
    package mutating func append(_ byte: UInt8) {
        reserve(1)?.storeBytes(of: byte, as: UInt8.self)
    }

    /// Appends a number in decimal digits.
    package mutating func append(decimal number: UInt64) {
        var digits = 1
        var rest = number / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        guard let target = reserve(digits) else { return }
        rest = number
        for offset in stride(from: digits - 1, through: 0, by: -1) {
            target.storeBytes(
                of: 0x30 + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: offset, as: UInt8.self)
            rest /= 10
        }
    }

    /// Appends a number in lower-case hexadecimal, as short as it can be.
    package mutating func append(hexadecimal number: UInt64) {
        let digits = max(1, (64 - number.leadingZeroBitCount + 3) / 4)
        guard let target = reserve(digits) else { return }
        for offset in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(4 * (digits - 1 - offset))) & 0xf
            target.storeBytes(of: digit < 10 ? 0x30 + digit : 0x57 + digit, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Appends all 16 digits of a number in lower-case hexadecimal.
    package mutating func append(hexadecimal16 number: UInt64) {
        guard let target = reserve(16) else { return }
        target.storeBytes(of: Self.digits(number >> 32), as: UInt64.self)
        target.storeBytes(of: Self.digits(number & 0xffff_ffff), toByteOffset: 8, as: UInt64.self)
    }

    /// The eight digits of a 32-bit number, in the order of memory: each nibble gets a byte, and all bytes become
    /// characters at once. (Digit by digit, two of these were 3 % of the CPU of a small request.)
    private static func digits(_ number: UInt64) -> UInt64 {
        var spread = number
        spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff
        spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff
        spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let isLetter = (spread &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ isLetter &* 0x27).bigEndian
    }

    /// Takes back the last `size` bytes of what was reserved and not used.
    mutating func giveBack(_ size: Int) {
        precondition(size >= 0 && size <= count, "\(size) of \(count) bytes given back")
        count -= size
    }

    /// Where the next `size` bytes go, which then count as written; `nil` when they do not fit.
    @inline(__always)
    mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer? {
        guard !isOverflowed, size <= buffer.count - count, let start = buffer.baseAddress else {
            isOverflowed = isOverflowed || size > 0
            return nil
        }
        defer { count += size }
        return start + count
    }
}
