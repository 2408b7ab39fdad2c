// What one reading of a settings file collects on its way: problems, origins and places. A class, since every level of
// the reader adds to it; never shared, never kept.

/// The state of one reading.
final class Reading {
    let source: SourceText
    let environment: [String: String]
    private(set) var origins = SettingsOrigins()
    private var problems: [(place: Place, complaint: Complaint)] = []
    /// Problems beyond those kept.
    private var uncounted = 0
    private var places: [String: Place] = [:]
    /// Paths whose values could not be read: checks that look at them would only repeat it.
    private var failedPaths: [String] = []

    init(source: SourceText, environment: [String: String]) {
        self.source = source
        self.environment = environment
    }

    /// Records a problem at `place` with the value at `path`.
    func report(_ complaint: Complaint, at place: Place, path: String) {
        // An alias repeats what its anchor is refused for.
        if problems.count >= SettingsLimits.problemsKeptMax {
            uncounted += 1
        } else if !problems.contains(where: { $0 == (place, complaint) }) {
            problems.append((place, complaint))
        }
        failedPaths.append(path)
    }

    /// Notes that the value at `path` could not be read for a reason that was reported elsewhere.
    func fail(_ path: String) {
        failedPaths.append(path)
    }

    /// Records a problem where the value at `path` stands, or what it would stand below.
    func report(_ complaint: Complaint, path: String) {
        var known = path[...]
        while places[String(known)] == nil, let dot = known.lastIndex(of: ".") { known = known[..<dot] }
        report(complaint, at: places[String(known)] ?? Place(line: 1, column: 1), path: path)
    }

    /// Notes where the value at `path` stands.
    func locate(_ path: String, at place: Place) {
        places[path] = place
    }

    func place(of path: String) -> Place? { places[path] }

    /// Whether nothing at or below `path` failed, nor anything it is a part of; the empty path is the whole file.
    func isSound(_ path: String) -> Bool {
        !failedPaths.contains { failed in
            path.isEmpty || failed == path || failed.hasPrefix("\(path).") || path.hasPrefix("\(failed).")
        }
    }

    /// The text of a single value with its variables filled in; `nil` when it is none, which is reported.
    ///
    /// `subject` is what messages call it, `expected` what it must be.
    func scalar(
        _ node: SourceNode, _ subject: String, expected: String, path: String, use: VariableExpansion.Use = .here
    ) -> String? {
        guard !node.isMissing else {
            report(Complaint("`\(subject)` has no value", hint: "write \(expected)"), at: node.place, path: path)
            return nil
        }
        guard case .scalar(let written, _) = node.content else {
            let complaint = Complaint("`\(subject)` must be \(expected), found \(node.description)")
            report(complaint, at: node.place, path: path)
            return nil
        }
        note(path, at: node.place)
        return expand(written, at: node.place, subject, path: path, use: use)
    }

    /// Notes that the value at `path` was written down at `place`.
    func note(_ path: String, at place: Place) {
        locate(path, at: place)
        origins.byPath[path] = SettingsOrigins.Origin(file: source.file, line: place.line, column: place.column)
    }

    /// Fills variables in; `nil` when that fails, which is reported at the expression.
    func expand(
        _ written: String, at place: Place, _ subject: String, path: String, use: VariableExpansion.Use
    ) -> String? {
        var expansion = VariableExpansion(environment: environment, use: use)
        switch expansion.expand(written) {
        case .success(let text):
            guard !text.unicodeScalars.contains("\0") else {
                report(Complaint("\(subject): the character U+0000 is not allowed"), at: place, path: path)
                return nil
            }
            if !expansion.variables.isEmpty {
                origins.byPath[path]?.variables += expansion.variables
                origins.byPath[path]?.written = written
            }
            return text
        case .failure(let failure):
            let failurePlace = source.find(failure.expression, from: place) ?? place
            var complaint = failure.complaint
            complaint.message = "\(subject): \(complaint.message)"
            report(complaint, at: failurePlace, path: path)
            return nil
        }
    }

    /// Everything that was reported, in the order of its places; `nil` when nothing was.
    func problemsFound() -> SettingsProblems? {
        guard !problems.isEmpty else { return nil }
        let sorted = problems.enumerated().sorted { left, right in
            (left.element.place, left.offset) < (right.element.place, right.offset)
        }
        var shown = sorted.prefix(SettingsLimits.problemsMax).map { _, problem in
            SettingsProblem(
                file: source.file, line: problem.place.line, column: problem.place.column,
                message: problem.complaint.message, sourceLine: source.line(problem.place.line),
                hint: problem.complaint.hint)
        }
        let rest = sorted.count - shown.count + uncounted
        if rest > 0 { shown.append(SettingsProblem(file: source.file, message: "and \(rest) more problems")) }
        return SettingsProblems(shown)
    }
}
