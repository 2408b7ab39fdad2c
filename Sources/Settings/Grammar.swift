// How quantities are written. Each reader takes one value's text and gives the value or a complaint; each printer
// gives text that the reader takes. Nothing here knows places or keys.

import Vocabulary

/// The readers and printers of scalar values. Pure.
enum Grammar {
    private static let durationUnits: [(name: String, milliseconds: Int64)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let sizeUnits: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    // MARK: Durations

    /// `250ms`, `1s`, `5m`, `1h`: digits and one unit.
    static func duration(_ text: String) throws(Complaint) -> Duration {
        let (digits, unit) = split(text)
        guard let number = Int64(digits) else {
            if let compound = compoundDuration(text) {
                throw Complaint("`\(text)` mixes units", hint: "write `\(print(compound))`")
            }
            throw Complaint(
                "`\(text)` is not a duration",
                hint: "write a whole number and a unit, such as `250ms`, `1s`, `5m`, `1h`")
        }
        guard !unit.isEmpty else {
            throw Complaint(
                "`\(text)` has no unit",
                hint: "write `\(digits)s` for seconds or `\(digits)ms` for milliseconds (the units are ms, s, m and h)")
        }
        guard let size = durationUnits.first(where: { $0.name == unit }) else {
            let unit = String(unit.drop { $0 == " " })
            if let compound = compoundDuration(text) {
                throw Complaint("`\(text)` mixes units", hint: "write `\(print(compound))`")
            }
            throw Complaint("`\(unit)` is not a unit of time", hint: durationHint(number, digits, unit))
        }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: size.milliseconds)
        guard !overflow else { throw Complaint("`\(text)` is too long a time") }
        return .milliseconds(milliseconds)
    }

    static func print(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        guard milliseconds != 0 else { return "0s" }
        let unit = durationUnits.first { milliseconds % $0.milliseconds == 0 } ?? ("ms", 1)
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }

    private static func durationHint(_ number: Int64, _ digits: String, _ unit: String) -> String {
        switch unit.lowercased() {
        case "sec", "secs", "second", "seconds", "s": "write `\(digits)s`"
        case "min", "mins", "minute", "minutes", "m": "write `\(digits)m`"
        case "hour", "hours", "hr", "hrs", "h": "write `\(digits)h`"
        case "msec", "millis", "milliseconds", "ms": "write `\(digits)ms`"
        case "d" where number <= 1000, "day" where number <= 1000, "days" where number <= 1000:
            "write `\(number * 24)h`"
        case "us", "µs", "ns": "the smallest unit is ms"
        default: "the units are ms, s, m and h"
        }
    }

    /// `1m30s`, which other programs take: read only to say what to write instead.
    private static func compoundDuration(_ text: String) -> Duration? {
        var rest = text[...]
        var total: Int64 = 0
        var parts = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            guard digits.utf8.count <= 9, let number = Double(digits),
                let size = durationUnits.first(where: { $0.name == unit })
            else { return nil }
            let milliseconds = number * Double(size.milliseconds)
            guard milliseconds == milliseconds.rounded() else { return nil }
            total += Int64(milliseconds)
            parts += 1
            rest = rest.dropFirst(digits.count + unit.count)
            guard parts <= 4 else { return nil }
        }
        return parts > 0 ? .milliseconds(total) : nil
    }

    // MARK: Sizes

    /// `1500B`, `32KiB`, `1MiB`, `1GiB`: digits and one binary unit.
    static func size(_ text: String) throws(Complaint) -> ByteCount {
        let (digits, unit) = split(text)
        guard let number = Int(digits) else {
            throw Complaint(
                "`\(text)` is not a size", hint: "write a whole number and a unit, such as `32KiB`, `1MiB`, `1GiB`")
        }
        guard !unit.isEmpty else {
            throw Complaint(
                "`\(text)` has no unit", hint: "write `\(digits)B` for bytes (the units are B, KiB, MiB and GiB)")
        }
        guard let size = sizeUnits.first(where: { $0.name == unit }) else {
            let unit = String(unit.drop { $0 == " " })
            let meant = sizeUnits.first { size in
                let letter = size.name.lowercased().prefix(1)
                return [letter.lowercased(), "\(letter)b", "\(letter)ib"].contains(unit.lowercased())
            }
            throw Complaint(
                "`\(unit)` is not a unit of size",
                hint: meant.map { "write `\(digits)\($0.name)`" } ?? "the units are B, KiB, MiB and GiB")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: size.bytes)
        guard !overflow else { throw Complaint("`\(text)` is too large") }
        return ByteCount(bytes)
    }

    static func print(_ size: ByteCount) -> String { size.description }

    // MARK: Numbers

    /// Digits only.
    static func integer(_ text: String) throws(Complaint) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit), let number = Int(text) else {
            throw Complaint("`\(text)` is not a whole number", hint: "write it in digits, such as `3`")
        }
        return number
    }

    /// `20%`: 0 … 100.
    static func percent(_ text: String) throws(Complaint) -> Percent {
        let (digits, unit) = split(text)
        if unit == "%", let number = Int(digits) {
            guard number <= 100 else { throw Complaint("`\(text)` is more than 100%") }
            return Percent(number)
        }
        if unit.isEmpty, let number = Int(digits), number <= 100 {
            throw Complaint("`\(text)` has no unit", hint: "write `\(number)%`")
        }
        if let fraction = Double(text), (0...1).contains(fraction) {
            let hundredths = Int((fraction * 100).rounded())
            throw Complaint("`\(text)` is not a percentage", hint: "write `\(hundredths)%`")
        }
        throw Complaint("`\(text)` is not a percentage", hint: "write a whole number and `%`, such as `20%`")
    }

    /// `2..8`, or `3` for `3..3`.
    static func range(_ text: String) throws(Complaint) -> ClosedRange<Int> {
        if let number = Int(text), text.utf8.allSatisfy(isDigit) { return number...number }
        let numbers = text.split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        if parts.count == 2, numbers.count == 2, text == "\(numbers[0])..\(numbers[1])" {
            guard numbers[0] <= numbers[1] else {
                throw Complaint("`\(text)` runs backwards", hint: "write `\(numbers[1])..\(numbers[0])`")
            }
            return numbers[0]...numbers[1]
        }
        if numbers.count == 2 {
            throw Complaint(
                "`\(text)` is not a range", hint: "write `\(numbers.min() ?? 0)..\(numbers.max() ?? 0)`")
        }
        throw Complaint("`\(text)` is not a range", hint: "write `2..8`, or `3` for exactly three")
    }

    static func print(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)..\(range.upperBound)"
    }

    /// `1` or `25%`.
    static func amount(_ text: String) throws(Complaint) -> InstanceAmount {
        if text.hasSuffix("%") { return .share(try percent(text)) }
        guard let number = Int(text), text.utf8.allSatisfy(isDigit) else {
            throw Complaint(
                "`\(text)` is not a number of instances", hint: "write a number such as `1`, or a share such as `25%`")
        }
        return .count(number)
    }

    /// A range of instances, within what is supported.
    static func instanceCount(_ text: String) throws(Complaint) -> ClosedRange<Int> {
        let count = try range(text)
        guard count.lowerBound > 0 else {
            throw Complaint("0 instances are not supported yet", hint: "write 1 or more")
        }
        _ = try within(Catalogue.instanceCounts, count.upperBound) { "\($0)" }
        return count
    }

    // MARK: Pieces

    /// `value` when it lies in `range`.
    static func within<Value: Comparable>(
        _ range: ClosedRange<Value>, _ value: Value, _ print: (Value) -> String
    ) throws(Complaint) -> Value {
        guard range.contains(value) else {
            throw Complaint(
                "\(print(value)) is out of range",
                hint: "it must be at least \(print(range.lowerBound)) and at most \(print(range.upperBound))")
        }
        return value
    }

    private static func split(_ text: String) -> (digits: String, unit: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return (String(digits), String(text.dropFirst(digits.count)))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
