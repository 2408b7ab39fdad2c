// One line of the access log, by its bytes. Strict: a line with a missing field or a field of another kind is not read.

/// Reads lines of the access log. Keeps the texts it has seen, so that a repeated name costs one look-up.
struct LedgerLineReader {
    let idPrefix: [UInt8]
    var texts = TextTable()

    init(idPrefix: String) {
        self.idPrefix = Array(idPrefix.utf8)
    }

    /// The entry, or `nil` when the line is not one.
    mutating func read(_ line: UnsafeRawBufferPointer) -> BalancerEntry? {
        var entry = BalancerEntry()
        var scanner = JSONScanner(line)
        var seen: UInt16 = 0
        guard scanner.take("{") else { return nil }
        repeat {
            guard let key = scanner.rawString(), scanner.take(":") else { return nil }
            let name = UnsafeRawBufferPointer(rebasing: line[key.range])
            if let field = Field(name) {
                let bit = UInt16(1) << field.rawValue
                guard seen & bit == 0, read(field, &scanner, line, &entry) else { return nil }
                seen |= bit
            } else {
                guard scanner.skipValue() != nil else { return nil }
            }
        } while scanner.take(",")
        guard scanner.take("}") else { return nil }
        scanner.skipSpace()
        return scanner.isAtEnd && seen == Field.all ? entry : nil
    }

    /// The fields that are needed; others may come and go.
    private enum Field: UInt16, CaseIterable {
        case time, id, service, instance, release, status, total, attempts, tried, reason, revision

        static let all: UInt16 = 1 << UInt16(allCases.count) - 1

        init?(_ name: UnsafeRawBufferPointer) {
            let known: (StaticString, Field)
            switch (name.count, name.first) {
            case (2, UInt8(ascii: "i")): known = ("id", .id)
            case (4, UInt8(ascii: "t")): known = ("time", .time)
            case (5, UInt8(ascii: "t")): known = ("tried", .tried)
            case (6, UInt8(ascii: "s")): known = ("status", .status)
            case (6, UInt8(ascii: "r")): known = ("reason", .reason)
            case (7, UInt8(ascii: "s")): known = ("service", .service)
            case (7, UInt8(ascii: "r")): known = ("release", .release)
            case (8, UInt8(ascii: "i")): known = ("instance", .instance)
            case (8, UInt8(ascii: "t")): known = ("total_us", .total)
            case (8, UInt8(ascii: "a")): known = ("attempts", .attempts)
            case (8, UInt8(ascii: "r")): known = ("revision", .revision)
            default: return nil
            }
            guard name.elementsEqual(UnsafeBufferPointer(start: known.0.utf8Start, count: name.count)) else {
                return nil
            }
            self = known.1
        }
    }

    private mutating func read(
        _ field: Field, _ scanner: inout JSONScanner, _ line: UnsafeRawBufferPointer, _ entry: inout BalancerEntry
    ) -> Bool {
        switch field {
        case .time:
            guard let raw = scanner.rawString(),
                let time = Timestamps.microseconds(UnsafeRawBufferPointer(rebasing: line[raw.range]))
            else { return false }
            entry.time = time
        case .id:
            guard let raw = scanner.rawString() else { return false }
            readID(UnsafeRawBufferPointer(rebasing: line[raw.range]), &entry)
        case .service: return text(&scanner, line, &entry.service)
        case .instance: return text(&scanner, line, &entry.instance)
        case .release: return text(&scanner, line, &entry.release)
        case .reason: return text(&scanner, line, &entry.reason)
        case .status: return number(&scanner, &entry.status)
        case .attempts: return number(&scanner, &entry.attempts)
        case .total: return number(&scanner, &entry.totalMicroseconds)
        case .revision: return number(&scanner, &entry.revision)
        case .tried:
            guard scanner.take("[") else { return false }
            if scanner.take("]") { return true }
            repeat {
                var number: UInt16 = 0
                guard text(&scanner, line, &number), number != 0 else { return false }
                entry.tried.append(number)
            } while scanner.take(",")
            return scanner.take("]")
        }
        return true
    }

    private func readID(_ id: UnsafeRawBufferPointer, _ entry: inout BalancerEntry) {
        guard id.count >= idPrefix.count, id.prefix(idPrefix.count).elementsEqual(idPrefix) else { return }
        let digits = id.dropFirst(idPrefix.count)
        let isPlain = digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && !digits.isEmpty
        let isCanonical = digits.count == 1 || digits.first != 0x30
        guard isPlain, isCanonical, digits.count <= 19 else {
            entry.isForged = true
            return
        }
        entry.number = digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }

    private func number<Value: FixedWidthInteger>(_ scanner: inout JSONScanner, _ value: inout Value) -> Bool {
        guard let integer = scanner.integer(), let exact = Value(exactly: integer) else { return false }
        value = exact
        return true
    }

    private mutating func text(
        _ scanner: inout JSONScanner, _ line: UnsafeRawBufferPointer, _ value: inout UInt16
    ) -> Bool {
        if scanner.takeWord("null") { return true }
        var ahead = scanner
        if let raw = ahead.rawString(), !raw.hasEscapes, !raw.range.isEmpty,
            let number = texts.number(ofSeen: UnsafeRawBufferPointer(rebasing: line[raw.range]))
        {
            scanner = ahead
            value = number
            return true
        }
        guard let string = scanner.string() else { return false }
        value = texts.number(of: string)
        return true
    }
}
