// Comma-separated lists, as many field values are (RFC 9110 §5.6.1).
// Not for lists with quoted strings in them, which no field we have to understand has.

/// The elements of a comma-separated list, without whitespace around them; empty elements are given too.
struct ListElements {
    private var rest: Range<Int>
    private var isDone = false

    init(_ value: Range<Int>) {
        rest = value
    }

    mutating func next(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        if isDone { return nil }
        var comma = rest.lowerBound
        while comma < rest.upperBound, bytes[comma] != 0x2C { comma += 1 }
        let element = ByteScan.trimmed(bytes, rest.lowerBound..<comma)
        isDone = comma == rest.upperBound
        rest = min(comma + 1, rest.upperBound)..<rest.upperBound
        return element
    }
}
