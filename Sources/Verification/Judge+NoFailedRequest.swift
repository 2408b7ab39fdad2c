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

/// Which faults excuse which requests. Pure.
struct Excuses {
    private let evidence: Evidence
    /// Index into the balancer's entries by number.
    private let entryOf: [Int32]

    init(_ evidence: Evidence) {
        self.evidence = evidence
        entryOf = evidence.balancer?.index(count: evidence.client.records.count) ?? []
    }

    /// The id of the event on whose victim the request was in flight, if that excuses its failure.
    func fault(for record: RequestRecord) -> String? {
        evidence.timeline.events.first { excuses($0, record) }?.event.id
    }

    /// A balancer writes its lines a moment after the answers they are about.
    private static let lineDelayNanoseconds: Int64 = 100_000_000

    /// Whether a killed server may have taken the request's line with it: under way in the moment of its death, between
    /// the signal and the end of its last thread, or answered right before.
    func mayLackLine(_ record: RequestRecord) -> Bool {
        evidence.timeline.events.contains { event in
            guard case .killServer = event.event.order else { return false }
            return Self.overlaps(event, record, slack: Self.lineDelayNanoseconds)
        }
    }

    private func excuses(_ event: EventRecord, _ record: RequestRecord) -> Bool {
        guard Self.overlaps(event, record) else { return false }
        switch event.event.order {
        case .killServer: return record.outcome != .refused && record.outcome != .notSent
        case .kill: return !record.isIdempotent && wasTried(record, on: event.victim?.name)
        case .scale, .rollout: return false
        }
    }

    private static func overlaps(_ event: EventRecord, _ record: RequestRecord, slack: Int64 = 0) -> Bool {
        guard let ended = event.victim?.ended, record.begun != 0 else { return false }
        return record.begun <= ended && record.finished >= event.begun - slack
    }

    private func wasTried(_ record: RequestRecord, on victim: String?) -> Bool {
        guard let balancer = evidence.balancer, let victim, record.number < UInt64(entryOf.count) else { return false }
        let index = entryOf[Int(record.number)]
        guard index >= 0 else { return false }
        return balancer.entries[Int(index)].tried.contains { balancer.texts[$0] == victim }
    }
}
