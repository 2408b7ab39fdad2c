// The checks, in the order of the report. Each is a pure function of the evidence with a file of its own; none knows how
// the evidence came about. `Judge.findings` runs those that the scenario has not taken out.

/// Judges a run. Pure.
package enum Judge {
    package static func findings(_ evidence: Evidence) -> [Finding] {
        let checks = evidence.checks
        var findings: [Finding] = []
        if let reason = evidence.brokenOff { findings.append(Finding("run", nil, .invalid, reason)) }
        let schedule = schedule(evidence)
        findings.append(schedule)
        findings += events(evidence)
        if checks.noFailedRequest { findings.append(noFailedRequest(evidence)) }
        if checks.accountedOnce { findings.append(accountedOnce(evidence)) }
        if checks.integrity { findings.append(integrity(evidence)) }
        if checks.versions { findings += versions(evidence) }
        if let unavailable = checks.capacityUnavailable { findings += capacity(evidence, unavailable: unavailable) }
        if checks.acknowledgedWritesReadable { findings += acknowledgedWritesReadable(evidence) }
        if let distribution = checks.distribution { findings += self.distribution(evidence, distribution) }
        findings += (latency(evidence) + [gap(evidence)]).map { finding in
            // A driver that was late has measured itself.
            guard schedule.verdict == .invalid, finding.verdict == .fail else { return finding }
            var finding = finding
            finding.verdict = .invalid
            finding.details.append("not held against the front door: the driver was late")
            return finding
        }
        findings += serverKills(evidence)
        findings += proof(evidence)
        return findings
    }

    package static func verdict(of findings: [Finding]) -> Verdict {
        Verdict.combined(findings.compactMap(\.verdict))
    }
}
