// What is wrong with a scenario file, told with its place, all at once.

/// One problem of a scenario file.
package struct ScenarioProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when the problem has no place, such as a missing file.
    package var line: Int
    package var column: Int
    package var message: String
    /// The line it stands on, without its end.
    package var source: String

    package var description: String {
        guard line > 0 else { return "\(file): error: \(message)" }
        let place = "\(file):\(line):\(column): error: \(message)"
        guard !source.isEmpty else { return place }
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        return "\(place)\n  \(number) | \(source)\n  \(margin) | \(String(repeating: " ", count: column - 1))^"
    }
}

/// Every problem of one or several scenario files.
package struct ScenarioProblems: Error, Sendable, CustomStringConvertible {
    /// Never empty.
    package var problems: [ScenarioProblem]

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
