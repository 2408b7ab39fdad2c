// The bytes of log lines, appended without allocation and never past the end of the buffer.

/// A fixed buffer of text. What does not fit is left out: `ProxyLimits` keeps every line far below the buffer's size.
struct LogLine: ~Copyable {
    let base: UnsafeMutableRawPointer
    private let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    mutating func clear() {
        count = 0
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= capacity - count, bytes.count > 0 else { return }
        (base + count).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        count += bytes.count
    }

    mutating func add(_ text: StaticString) {
        add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func add(_ byte: UInt8) {
        guard count < capacity else { return }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    mutating func add(number: UInt64) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { room in
            var rest = number
            var start = 24
            repeat {
                start -= 1
                room[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[start...]))
        }
    }

    mutating func add(sixDigits number: UInt32) {
        var divisor: UInt32 = 100_000
        while divisor > 0 {
            add(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    /// A JSON string of bytes from outside. Bytes that are not ASCII are shown as the Latin-1 characters of the same
    /// numbers, because nobody has checked that they are UTF-8.
    mutating func addQuoted(_ bytes: UnsafeRawBufferPointer) {
        add(UInt8(ascii: "\""))
        let shown = bytes.prefix(ProxyLimits.loggedTextBytesMax)
        var clean = shown.startIndex
        for offset in shown.indices {
            let byte = bytes[offset]
            if byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            add(UnsafeRawBufferPointer(rebasing: bytes[clean..<offset]))
            clean = offset + 1
            add("\\u00")
            add(Self.hexadecimal(byte >> 4))
            add(Self.hexadecimal(byte & 15))
        }
        add(UnsafeRawBufferPointer(rebasing: bytes[clean..<shown.endIndex]))
        add(UInt8(ascii: "\""))
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
