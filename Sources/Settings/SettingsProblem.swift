// What is wrong with a settings file, and how it is shown: the way compilers show it.

/// One problem and its place.
package struct SettingsProblem: Error, Hashable, Sendable {
    /// The settings file, or the flag a value came from.
    package var file: String
    /// From 1; `nil` when the problem has no place (the file is missing, or a flag is meant).
    package var line: Int?
    /// From 1, in Unicode scalars; `nil` together with `line`.
    package var column: Int?
    /// One sentence without a full stop.
    package var message: String
    /// The text of `line`.
    package var sourceLine: String?
    /// The operator's next step.
    package var hint: String?

    package init(
        file: String, line: Int? = nil, column: Int? = nil, message: String, sourceLine: String? = nil,
        hint: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.sourceLine = sourceLine
        self.hint = hint
    }
}

extension SettingsProblem: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: error: MESSAGE`, then the source line with a caret, then the hint.
    package var description: String {
        var text = file
        if let line, let column { text += ":\(line):\(column)" }
        text += ": error: \(message)"
        // A very long line is cut; a caret behind its end would point at nothing.
        if let line, let column, let sourceLine, (1...sourceLine.unicodeScalars.count + 1).contains(column) {
            let number = String(line)
            let gutter = String(repeating: " ", count: number.count)
            // Tabs are kept, so that the caret stands below its character whatever a tab is worth.
            let lead = sourceLine.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
            text += "\n  \(number) | \(sourceLine)\n  \(gutter) | \(lead)^"
        }
        if let hint { text += "\n  hint: \(hint)" }
        return text
    }
}

/// All problems of one settings file; at least one.
package struct SettingsProblems: Error, Hashable, Sendable {
    /// In the order of their places.
    package var problems: [SettingsProblem]

    package init(_ problems: [SettingsProblem]) {
        self.problems = problems
    }
}

extension SettingsProblems: CustomStringConvertible {
    /// Every problem, and their number at the end. No line break at the end.
    package var description: String {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return problems.map(\.description).joined(separator: "\n") + "\n\(count)"
    }
}
