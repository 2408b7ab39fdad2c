// The only way heads are built: a writer that cannot pass the end of its buffer. A wrong length constant once put two
// stray bytes behind a request head, which the origin took for a second request; this type makes that impossible.

/// Appends bytes to a borrowed buffer. Never writes past its end: what does not fit is left out whole and sets
/// `isOverflowed`; the caller then discards everything.
///
/// The buffer belongs to the caller and must outlive the writer.
package struct ByteWriter: ~Copyable {
    @usableFromInline let buffer: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    package private(set) var count = 0
    /// Whether something did not fit. Once set it stays set, and nothing more is written.
    package private(set) var isOverflowed = false

    package init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    /// What has been written. Empty after an overflow, so that half a head can never be sent.
    package var written: UnsafeRawBufferPointer {
        isOverflowed ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Appends bytes from outside the buffer.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    }

    /// Appends the part of `bytes` that a parser's range names.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    }

    /// Appends a text that is known at compile time.
    package mutating func append(_ text: StaticString) {
    }

    /// Appends one byte.
    package mutating func append(_ byte: UInt8) {
    }

    /// Appends a number in decimal digits.
    package mutating func append(decimal number: UInt64) {
    }

    /// Appends a number in lower-case hexadecimal, at least `digits` long with zeros in front.
    package mutating func append(hexadecimal number: UInt64, digits: Int = 1) {
    }
}
