// The units of scenario files: `250ms`, `200/s`, `0.1%`. A bare number is refused, since nobody knows what it counts.

import Vocabulary

/// Reads quantities with units. Pure; `nil` when the text is not one.
enum Quantities {
    static let durationForms = "write it with its unit: 250ms, 5s, 2m, 1h"

    /// `250us`, `250ms`, `5s`, `1.5s`, `2m`, `1h`; `0s` too. Not negative, at most a year.
    static func duration(_ text: some StringProtocol) -> Duration? {
        let units: [(String, Double)] = [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            guard let number = number(text.dropLast(unit.count)) else { continue }
            let total = number * seconds
            guard total <= 366 * 86_400 else { return nil }
            return .nanoseconds(Int64((total * 1e9).rounded()))
        }
        return nil
    }

    /// `200/s` or `30/m`, in requests per second; above 0, at most a million.
    static func rate(_ text: some StringProtocol) -> Double? {
        for (unit, divisor) in [("/s", 1.0), ("/m", 60.0)] where text.hasSuffix(unit) {
            guard let number = number(text.dropLast(2)), number > 0, number / divisor <= 1e6 else { return nil }
            return number / divisor
        }
        return nil
    }

    /// `20%` as 0.2; 0 … 100 %.
    static func share(_ text: some StringProtocol) -> Double? {
        guard text.hasSuffix("%"), let number = number(text.dropLast()), number <= 100 else { return nil }
        return number / 100
    }

    /// Digits with at most one point, nothing else: no sign, no exponent, no `nan`.
    static func number(_ text: some StringProtocol) -> Double? {
        let isPlain = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || ($0 >= 0x30 && $0 <= 0x39) }
        guard isPlain, let first = text.utf8.first, first != UInt8(ascii: "."), text.utf8.count <= 18 else {
            return nil
        }
        return Double(String(text))
    }
}
