// The report for people: what was run, what happened when, what was checked with which figures, how the streams fared,
// who answered, and the verdict last.

import Foundation

/// The text form. Pure.
enum ReportText {
    static func render(_ report: RunReport) -> String {
        var parts = [head(report)]
        if !report.events.isEmpty { parts.append(section("Events", events(report))) }
        if !report.streams.isEmpty {
            parts.append(section("Streams (latency from when a request was due)", streams(report)))
        }
        if !report.distribution.isEmpty {
            parts.append(section("Instances (by the balancer's ledger)", instances(report)))
        }
        parts.append(section("Checks", checks(report)))
        parts.append(foot(report))
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func section(_ title: String, _ body: String) -> String { "\(title)\n\(body)" }

    private static func head(_ report: RunReport) -> String {
        var rows = [["Scenario", "\(report.scenario) (\(report.file))"]]
        if let config = report.config { rows.append(["Front door", "\(config), at \(report.target)"]) }
        if report.config == nil { rows.append(["Target", report.target]) }
        rows.append(["Started", "\(report.startedAt), took \(Figures.fixed(report.durationSeconds, 0)) s"])
        rows.append(["Seed", "\(report.seed) (request ids begin with \(report.nonce)-)"])
        if let phases = report.phases {
            let lengths = [
                ("warm-up", phases.warmupSeconds), ("baseline", phases.baselineSeconds),
                ("window", phases.windowSeconds),
                ("settling", phases.settleSeconds),
            ]
            rows.append(["Phases", lengths.map { "\($0) \(Figures.fixed($1, 1)) s" }.joined(separator: ", ")])
        }
        let total = report.streams.reduce(0) { $0 + $1.requests }
        if total > 0 {
            let ok = report.streams.reduce(0) { $0 + ($1.outcomes["ok"] ?? 0) }
            rows.append([
                "Requests", "\(Figures.count(total)), of which \(Figures.count(ok)) were answered as expected",
            ])
        }
        return Table(rows).text(indent: "")
    }

    private static func events(_ report: RunReport) -> String {
        var table = Table([["  began", "done", "event", "what", "outcome"]])
        table.right = [0, 1]
        for event in report.events {
            let done = event.doneSeconds.map { Figures.fixed($0, 2) + " s" } ?? "–"
            table.rows.append([
                "  " + Figures.fixed(event.beganSeconds, 2) + " s", done, event.id, event.what, event.outcome,
            ])
        }
        return table.text(indent: "")
    }

    private static func streams(_ report: RunReport) -> String {
        var table = Table([["stream", "phase", "requests", "failed", "p50", "p90", "p99", "p99.9", "max", "outcomes"]])
        table.right = [2, 3, 4, 5, 6, 7, 8]
        var last = ""
        for stream in report.streams {
            let failed = stream.requests - (stream.outcomes["ok"] ?? 0)
            let times = stream.response.map { [$0.p50, $0.p90, $0.p99, $0.p999, $0.max] } ?? []
            let cells = times.map { Figures.time(nanoseconds: Int64($0) * 1000) }
            let outcomes = stream.outcomes.sorted { $0 < $1 }.filter { $0.key != "ok" }.map { "\($1) \($0)" }
            let statuses = stream.statuses.sorted { $0 < $1 }.map { "\($0): \(Figures.count($1))" }
            table.rows.append(
                [stream.stream == last ? "" : stream.stream, stream.phase.rawValue, Figures.count(stream.requests)]
                    + [Figures.count(failed)] + (cells.isEmpty ? Array(repeating: "–", count: 5) : cells)
                    + [(statuses + outcomes).joined(separator: ", ")])
            last = stream.stream
        }
        return table.text(indent: "  ")
    }

    private static func instances(_ report: RunReport) -> String {
        var table = Table([["service", "instance", "release", "requests", "share", "first", "last"]])
        table.right = [3, 4, 5, 6]
        for row in report.distribution {
            table.rows.append([
                row.service, row.instance, row.release ?? "–", Figures.count(row.requests),
                Figures.fixed(row.share * 100, 2) + " %", Figures.fixed(row.firstSeconds, 2) + " s",
                Figures.fixed(row.lastSeconds, 2) + " s",
            ])
        }
        return table.text(indent: "  ")
    }

    private static func checks(_ report: RunReport) -> String {
        let width = report.findings.map(\.check.count).max() ?? 0
        let margin = 2 + 12 + 2 + width + 2 + 3 + 2
        return report.findings.map { finding in
            let mark = (finding.verdict?.rawValue.uppercased() ?? "–").padding(
                toLength: 12, withPad: " ", startingAt: 0)
            let name = finding.check.padding(toLength: width, withPad: " ", startingAt: 0)
            let invariant = (finding.invariant ?? "").padding(toLength: 3, withPad: " ", startingAt: 0)
            let blank = String(repeating: " ", count: margin)
            let lines =
                wrapped(finding.summary)
                + finding.details.flatMap { detail in
                    detail.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped("· " + $0) }
                }
            let text = lines.joined(separator: "\n" + blank)
            return "  \(mark)  \(name)  \(invariant)  \(text)"
        }.joined(separator: "\n")
    }

    /// Broken at spaces, at about 100 characters.
    private static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, line.count + word.count > 100 {
                lines.append(line)
                line = String(word)
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }

    private static func foot(_ report: RunReport) -> String {
        var lines: [String] = []
        if let directory = report.stateDirectory { lines.append("State and logs are kept in \(directory)") }
        let open = report.findings.filter { $0.verdict != nil && $0.verdict != .pass }
        if report.verdict != .pass {
            lines.append("To run it again: portico verify \(report.file) --seed \(report.seed)")
        }
        let judged = report.findings.count { $0.verdict != nil }
        let reason: String
        switch report.verdict {
        case .pass: reason = "all \(judged) checks passed"
        case .fail, .inconclusive, .invalid:
            reason = open.map { "\($0.check) \($0.verdict!.rawValue)" }.joined(separator: ", ")
        }
        lines.append("VERDICT \(report.verdict.rawValue.uppercased()): \(reason)")
        return lines.joined(separator: "\n")
    }
}

/// Columns of text, two spaces apart.
private struct Table {
    var rows: [[String]]
    /// Columns that are aligned to the right.
    var right: Set<Int> = []

    init(_ rows: [[String]]) {
        self.rows = rows
    }

    func text(indent: String) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = indent
            for (column, cell) in row.enumerated() {
                let blank = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (right.contains(column) ? blank + cell : cell + blank)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
