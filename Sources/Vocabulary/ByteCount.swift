// A quantity of bytes, so that sizes can't be mistaken for counts.

/// A number of bytes, zero or more.
package struct ByteCount: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let bytes: Int

    package init(_ bytes: Int) {
        precondition(bytes >= 0, "a byte count is not negative: \(bytes)")
        self.bytes = bytes
    }

    package static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count * 1024) }
    package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count * 1024 * 1024) }
    package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count * 1024 * 1024 * 1024) }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// The largest unit that divides it: `32KiB`, `1GiB`, `1500B`. The settings grammar reads it back.
    package var description: String {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= size && bytes % size == 0 {
            return "\(bytes / size)\(unit)"
        }
        return "\(bytes)B"
    }
}
