// Numbers as people read them in reports.

import Foundation

/// Formats figures. Pure.
enum Figures {
    static func fixed(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// `12,345`.
    static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// `850 µs`, `1.24 ms`, `2.50 s`: three digits.
    static func time(nanoseconds: Int64) -> String {
        let value = Double(nanoseconds)
        switch abs(value) {
        case ..<1e6: return "\(Int((value / 1e3).rounded())) µs"
        case ..<1e7: return fixed(value / 1e6, 2) + " ms"
        case ..<1e8: return fixed(value / 1e6, 1) + " ms"
        case ..<1e9: return fixed(value / 1e6, 0) + " ms"
        case ..<1e11: return fixed(value / 1e9, 2) + " s"
        default: return fixed(value / 1e9, 0) + " s"
        }
    }

    /// `0.046 %`, `33 %`, `99.95 %`: two significant digits below a half, above it those of what is missing.
    static func percent(_ share: Double) -> String {
        if share == 0 || share == 1 { return share == 0 ? "0 %" : "100 %" }
        guard share > 0.5, share < 1 else { return significant(share * 100) + " %" }
        // Rounded towards certainty nothing would be left of 99.99 %.
        let digits = max(0, Int((-log10((1 - share) * 100)).rounded(.up)))
        return trimmed(fixed(share * 100, digits)) + " %"
    }

    private static func significant(_ value: Double) -> String {
        let digits = max(0, 1 - Int(log10(abs(value)).rounded(.down)))
        return trimmed(fixed(value, min(digits, 9)))
    }

    /// Without zeros at the end of a fraction.
    private static func trimmed(_ number: String) -> String {
        guard number.contains(".") else { return number }
        var text = number
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    static func plural(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(self.count(count)) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
