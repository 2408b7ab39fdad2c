// The only way heads are built: a writer that cannot pass the end of its buffer. A wrong length constant once put two
// stray bytes behind a request head, which the origin took for a second request; this type makes that impossible.

/// Appends bytes to a borrowed buffer. Never writes past its end: what does not fit is left out whole and sets
/// `isOverflowed`; the caller then discards everything.
///
/// The buffer belongs to the caller and must outlive the writer. The appends of whole texts are always inlined, so that
/// constant ones become a few stores: a quarter fewer instructions for a small head.
package struct ByteWriter: ~Copyable {
    @usableFromInline let buffer: UnsafeMutableRawBufferPointer
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
    @inlinable @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let target = reserve(bytes.count) else { return }
        target.copyMemory(from: source, byteCount: bytes.count)
    }

    /// Appends the part of `bytes` that `range` names; it must lie within them.
    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        append(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    /// Appends a text that is known at compile time, and ASCII.
    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends one byte.
    @inlinable
    package mutating func append(_ byte: UInt8) {
        reserve(1)?.storeBytes(of: byte, as: UInt8.self)
    }

    /// Appends a number in decimal digits.
    package mutating func append(decimal number: UInt64) {
        append(number, radix: 10, digitsMin: 1)
    }

    /// Appends a number in lower-case hexadecimal, at least `digits` (1 … 16) long with zeros in front.
    package mutating func append(hexadecimal number: UInt64, digits: Int = 1) {
        precondition((1...16).contains(digits), "\(digits) digits")
        append(number, radix: 16, digitsMin: digits)
    }

    private mutating func append(_ number: UInt64, radix: UInt64, digitsMin: Int) {
        var digits = 1
        var rest = number / radix
        while rest > 0 {
            digits += 1
            rest /= radix
        }
        digits = max(digits, digitsMin)
        guard let target = reserve(digits) else { return }
        rest = number
        for offset in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            target.storeBytes(of: digit < 10 ? 0x30 + digit : 0x57 + digit, toByteOffset: offset, as: UInt8.self)
            rest /= radix
        }
    }

    /// Takes back the last `size` bytes of what was reserved and not used.
    mutating func giveBack(_ size: Int) {
        precondition(size >= 0 && size <= count, "\(size) of \(count) bytes given back")
        count -= size
    }

    /// Where the next `size` bytes go, which then count as written; `nil` when they do not fit.
    @inlinable @inline(__always)
    mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer? {
        guard !isOverflowed, size <= buffer.count - count, let start = buffer.baseAddress else {
            isOverflowed = isOverflowed || size > 0
            return nil
        }
        defer { count += size }
        return start + count
    }
}
