// The problems of a scenario file, gathered while reading goes on.

/// Collects the problems of one file while it is read.
final class ProblemList {
    let file: String
    let lines: [Substring]
    private(set) var problems: [ScenarioProblem] = []

    init(file: String, text: String) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    func add(_ message: String, line: Int, column: Int) {
        let source = line > 0 && line <= lines.count ? String(lines[line - 1]) : ""
        problems.append(
            ScenarioProblem(file: file, line: line, column: max(1, column), message: message, source: source))
    }
}
