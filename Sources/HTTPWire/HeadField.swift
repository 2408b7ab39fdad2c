// One field line of a head, as offsets into the caller's bytes.
// It holds no bytes, and means nothing without those that were parsed.

/// A field line: offsets into the bytes that were parsed.
package struct HeadField: Hashable, Sendable {
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
    package internal(set) var role: FieldRole

    init(nameStart: Int, nameEnd: Int, valueStart: Int, valueEnd: Int, role: FieldRole) {
        // A head has at most 1 MiB (`HeadLimits`), so offsets fit.
        self.nameStart = UInt32(truncatingIfNeeded: nameStart)
        self.nameEnd = UInt32(truncatingIfNeeded: nameEnd)
        self.valueStart = UInt32(truncatingIfNeeded: valueStart)
        self.valueEnd = UInt32(truncatingIfNeeded: valueEnd)
        self.role = role
    }

    /// The name; never empty.
    package var name: Range<Int> { Range(uncheckedBounds: (Int(nameStart), Int(nameEnd))) }

    /// The value without whitespace around it; may be empty.
    package var value: Range<Int> { Range(uncheckedBounds: (Int(valueStart), Int(valueEnd))) }
}
