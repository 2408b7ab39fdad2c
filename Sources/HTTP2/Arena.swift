// Text that is put together while bytes are received and told right after: heads, chunk framing, trailers.

/// A growing buffer, emptied as a whole. Offsets stay good when it grows, pointers do not. Loop-confined.
struct Arena: ~Copyable {
    /// Kept when emptied; what one burst needed beyond is given back.
    private static let keptBytes = 64 * 1024

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init() {
        capacity = Self.keptBytes
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit {
        base.deallocate()
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if capacity - count < bytes.count { grow(by: bytes.count) }
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a part of itself.
    mutating func append(copyOf range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if capacity - count < range.count { grow(by: range.count) }
        (base + count).copyMemory(from: base + range.lowerBound, byteCount: range.count)
        count += range.count
    }

    mutating func append(hexadecimal number: Int) {
        var digits = 1
        while number >> (4 * digits) != 0 { digits += 1 }
        for digit in (0..<digits).reversed() {
            let value = UInt8(truncatingIfNeeded: number >> (4 * digit)) & 15
            var byte = value < 10 ? 0x30 + value : 0x57 + value
            withUnsafeBytes(of: &byte) { append($0) }
        }
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Takes a part of itself out.
    mutating func remove(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // Where the two overlap, this moves as `memmove` does.
        (base + range.lowerBound).copyMemory(from: base + range.upperBound, byteCount: count - range.upperBound)
        count -= range.count
    }

    /// Forgets everything from `count` on.
    mutating func truncate(to count: Int) {
        precondition(count <= self.count)
        self.count = count
    }

    mutating func empty() {
        count = 0
        guard capacity > Self.keptBytes else { return }
        base.deallocate()
        capacity = Self.keptBytes
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    private mutating func grow(by size: Int) {
        let wider = max(capacity * 2, count + size)
        let room = UnsafeMutableRawPointer.allocate(byteCount: wider, alignment: 64)
        room.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = room
        capacity = wider
    }
}
