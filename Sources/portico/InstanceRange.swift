// `N` or `MIN..MAX` on the command line.

import ArgumentParser
import Foundation

/// Bounds on a number of instances.
struct InstanceRange: ExpressibleByArgument, Hashable, CustomStringConvertible {
    /// More on one machine is a slip of the finger.
    static let instancesMax = 10_000

    let min: Int
    let max: Int

    /// Reads `3` or `2..8`; `nil` when it is neither, turned round, or beyond `instancesMax`.
    init?(argument: String) {
        let bounds: [Substring]
        if let dots = argument.range(of: "..") {
            bounds = [argument[..<dots.lowerBound], argument[dots.upperBound...]]
        } else {
            bounds = [argument[...], argument[...]]
        }
        guard let min = Self.number(bounds[0]), let max = Self.number(bounds[1]), min <= max else { return nil }
        self.min = min
        self.max = max
    }

    /// Exactly one.
    static let one = InstanceRange(min: 1, max: 1)

    private init(min: Int, max: Int) {
        self.min = min
        self.max = max
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text).flatMap { $0 <= instancesMax ? $0 : nil }
    }

    var description: String { min == max ? "\(min)" : "\(min)..\(max)" }
}
