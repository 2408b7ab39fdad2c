// The report for CI: one test case per check. What is inconclusive or invalid is an error there, since JUnit knows only
// passed, failed, in error and skipped; a check without a limit is skipped.

/// The JUnit XML form. Pure.
enum ReportJUnit {
    static func render(_ report: RunReport) -> String {
        let findings = report.findings
        let failures = findings.count { $0.verdict == .fail }
        let errors = findings.count { $0.verdict == .inconclusive || $0.verdict == .invalid }
        let skipped = findings.count { $0.verdict == nil }
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites>"#,
            "  <testsuite name=\"\(escaped(report.scenario))\" tests=\"\(findings.count)\" failures=\"\(failures)\" "
                + "errors=\"\(errors)\" skipped=\"\(skipped)\" time=\"\(Figures.fixed(report.durationSeconds, 1))\" "
                + "timestamp=\"\(escaped(report.startedAt))\">",
        ]
        var seen: [String: Int] = [:]
        for finding in findings {
            // Names must differ: a check may speak of several services or streams.
            seen[finding.check, default: 0] += 1
            let number = seen[finding.check]!
            let name = number == 1 ? finding.check : "\(finding.check) (\(number))"
            lines.append("    <testcase classname=\"verify.\(escaped(report.scenario))\" name=\"\(escaped(name))\">")
            let text = escaped(([finding.summary] + finding.details).joined(separator: "\n"))
            let message = escaped(finding.summary)
            switch finding.verdict {
            case .pass: lines.append("      <system-out>\(text)</system-out>")
            case .fail: lines.append("      <failure message=\"\(message)\">\(text)</failure>")
            case .inconclusive, .invalid:
                lines.append(
                    "      <error type=\"\(finding.verdict!.rawValue)\" message=\"\(message)\">\(text)</error>")
            case nil: lines.append("      <skipped message=\"\(message)\"/>")
            }
            lines.append("    </testcase>")
        }
        lines += ["  </testsuite>", "</testsuites>", ""]
        return lines.joined(separator: "\n")
    }

    /// XML 1.0 text: the five characters escaped, control characters that XML can't hold replaced.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            default: result.unicodeScalars.append(scalar.value < 0x20 ? "\u{fffd}" : scalar)
            }
        }
        return result
    }
}
