// The four answers of the driver, and the exit codes scripts act on.

/// What a check, or a whole run, came to.
package enum Verdict: String, Codable, Sendable, CaseIterable {
    /// Shown to hold, with the strength the report states.
    case pass
    /// Shown not to hold.
    case fail
    /// Neither: too little data for the strength that was asked for.
    case inconclusive
    /// The run itself was not fit to be judged: misused, the driver late, or a fault that did not take effect.
    case invalid

    /// The exit code of `portico verify`.
    package var exitCode: Int32 {
        switch self {
        case .pass: 0
        case .fail: 1
        case .inconclusive: 2
        case .invalid: 3
        }
    }

    /// The verdict of several: a failure outweighs an invalid run, that one an open question, and that one a pass.
    package static func combined(_ verdicts: some Sequence<Verdict>) -> Verdict {
        let seen = Set(verdicts)
        return [.fail, .invalid, .inconclusive].first(where: seen.contains) ?? .pass
    }
}
