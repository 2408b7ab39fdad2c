// I1, no request failed. Planned changes excuse nothing. A fault excuses exactly the requests that were in flight on its
// victim: for a killed instance the ones the balancer's ledger shows on it, and of these only those that may not be
// repeated; for a killed server the ones under way in the moment of its death, but never a refused connection.

extension Judge {
    static func noFailedRequest(_ evidence: Evidence) -> Finding {
        let records = evidence.client.records.filter { !$0.isReadBack }
        guard !records.isEmpty else { return Finding("no_failed_request", "I1", .invalid, "no request was made") }
        let failed = records.filter { !$0.isSuccess }
        let excuses = Excuses(evidence)
        let guilty = failed.filter { excuses.fault(for: $0) == nil }
        let excused = failed.filter { excuses.fault(for: $0) != nil }
        var details = guilty.map(evidence.describe)
        if !excused.isEmpty {
            let faults = Dictionary(grouping: excused, by: { excuses.fault(for: $0) ?? "" })
            for (fault, records) in faults.sorted(by: { $0.key < $1.key }) {
                details.append(
                    "\(Figures.plural(records.count, "request")) in flight on the victim of \(fault), excused")
            }
        }
        let total = Figures.plural(records.count, "request")
        guard guilty.isEmpty else {
            let kinds = Dictionary(grouping: guilty, by: \.outcome).map { ($0.label, $1.count) }.sorted { $0 < $1 }
            let list = kinds.map { "\(Figures.count($1)) \($0)" }.joined(separator: ", ")
            return Finding(
                "no_failed_request", "I1", .fail, "\(Figures.count(guilty.count)) of \(total) failed: \(list)",
                details: details)
        }
        let suffix = excused.isEmpty ? "" : "; \(Figures.count(excused.count)) were in flight on a victim"
        return Finding("no_failed_request", "I1", .pass, "0 of \(total) failed\(suffix)", details: details)
    }
}
