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

    /// `0.046 %`: two significant digits.
    static func percent(_ share: Double) -> String {
        share == 0 ? "0 %" : String(format: "%.2g", share * 100) + " %"
    }

    static func plural(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(self.count(count)) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
