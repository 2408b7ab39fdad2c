// A strict reader of JSON bytes (RFC 8259), made for one thing: walking through objects and picking fields without
// building a tree. Not the front door's own code: the checker shares none with what it checks.

/// A position in JSON bytes. Every method moves on past what it reads, or returns `nil`/`false` and leaves the rest unread.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    private static let depthMax = 64

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// The next byte that is no white space, not passed.
    mutating func peek() -> UInt8? {
        skipSpace()
        return position < bytes.count ? bytes[position] : nil
    }

    /// Passes one ASCII mark, if it is the next.
    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(truncatingIfNeeded: mark.value) else { return false }
        position += 1
        return true
    }

    /// The raw bytes between the quotes of a string, escapes as they are written; `hasEscapes` tells if there are any.
    mutating func rawString() -> (range: Range<Int>, hasEscapes: Bool)? {
        guard take("\"") else { return nil }
        let start = position
        var hasEscapes = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return (start..<position - 1, hasEscapes)
            }
            guard byte >= 0x20 else { return nil }
            if byte == 0x5c {
                hasEscapes = true
                position += 1
                guard position < bytes.count else { return nil }
            }
            position += 1
        }
        return nil
    }

    mutating func string() -> String? {
        guard let raw = rawString() else { return nil }
        guard raw.hasEscapes else {
            return String(validating: UnsafeRawBufferPointer(rebasing: bytes[raw.range]), as: UTF8.self)
        }
        return Self.unescaped(bytes[raw.range])
    }

    private static func unescaped(_ raw: Slice<UnsafeRawBufferPointer>) -> String? {
        var units: [UInt8] = []
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == 0x5c else {
                units.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\""): units.append(0x22)
            case UInt8(ascii: "\\"): units.append(0x5c)
            case UInt8(ascii: "/"): units.append(0x2f)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0c)
            case UInt8(ascii: "n"): units.append(0x0a)
            case UInt8(ascii: "r"): units.append(0x0d)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(&rest) else { return nil }
                units.append(contentsOf: String(Character(scalar)).utf8)
            default: return nil
            }
        }
        return String(validating: units, as: UTF8.self)
    }

    private static func scalar(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar? {
        guard let unit = hexUnit(&rest) else { return nil }
        guard unit & 0xfc00 == 0xd800 else { return Unicode.Scalar(unit) }
        guard rest.popFirst() == 0x5c, rest.popFirst() == UInt8(ascii: "u"), let low = hexUnit(&rest),
            low & 0xfc00 == 0xdc00
        else { return nil }
        return Unicode.Scalar(0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff))
    }

    private static func hexUnit(_ rest: inout Slice<UnsafeRawBufferPointer>) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = rest.popFirst(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// A whole number without fraction or exponent.
    mutating func integer() -> Int64? {
        skipSpace()
        let isNegative = take("-")
        let start = position
        var value: Int64 = 0
        while position < bytes.count, case let digit = bytes[position] &- 0x30, digit <= 9 {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
            position += 1
        }
        guard position > start else { return nil }
        if position < bytes.count, [UInt8(ascii: "."), 0x65, 0x45].contains(bytes[position]) { return nil }
        return isNegative ? -value : value
    }

    mutating func takeWord(_ word: StaticString) -> Bool {
        skipSpace()
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    /// Passes one value of any kind and tells where it stood.
    mutating func skipValue(depth: Int = 0) -> Range<Int>? {
        guard depth < Self.depthMax, let first = peek() else { return nil }
        let start = position
        switch first {
        case UInt8(ascii: "\""):
            guard rawString() != nil else { return nil }
        case UInt8(ascii: "{"):
            position += 1
            if take("}") { break }
            repeat {
                guard rawString() != nil, take(":"), skipValue(depth: depth + 1) != nil else { return nil }
            } while take(",")
            guard take("}") else { return nil }
        case UInt8(ascii: "["):
            position += 1
            if take("]") { break }
            repeat {
                guard skipValue(depth: depth + 1) != nil else { return nil }
            } while take(",")
            guard take("]") else { return nil }
        case UInt8(ascii: "t"): guard takeWord("true") else { return nil }
        case UInt8(ascii: "f"): guard takeWord("false") else { return nil }
        case UInt8(ascii: "n"): guard takeWord("null") else { return nil }
        default:
            guard skipNumber() else { return nil }
        }
        return start..<position
    }

    private mutating func skipNumber() -> Bool {
        let start = position
        var digits = 0
        while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39: digits += 1
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), 0x65, 0x45: break
            default: return digits > 0 && position > start
            }
            position += 1
        }
        return digits > 0
    }

    /// A field of the top-level object as text: strings unescaped, everything else as it is written.
    static func field(_ name: String, of bytes: UnsafeRawBufferPointer) -> String? {
        var scanner = JSONScanner(bytes)
        guard scanner.take("{") else { return nil }
        repeat {
            guard let key = scanner.string(), scanner.take(":") else { return nil }
            if key == name {
                if scanner.peek() == UInt8(ascii: "\"") { return scanner.string() }
                return scanner.skipValue().map { String(decoding: bytes[$0], as: UTF8.self) }
            }
            guard scanner.skipValue() != nil else { return nil }
        } while scanner.take(",")
        return nil
    }
}
