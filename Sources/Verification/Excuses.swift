// Which requests a fault excuses, and which lines of the ledger it may have taken along. Decides nothing about a run.

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

    /// The system closes the connections of a dead process a moment after its end: those that an io_uring holds, in a
    /// worker of the kernel's (`io_ring_exit_work`). Who sends meanwhile, sends to nobody.
    private static let closingNanoseconds: Int64 = 20_000_000

    /// Whether a killed server may have taken the request's line with it: under way in the moment of its death, between
    /// the signal and the end of its last thread, or answered right before.
    func mayLackLine(_ record: RequestRecord) -> Bool {
        evidence.timeline.events.contains { event in
            guard case .killServer = event.event.order else { return false }
            return Self.overlaps(
                event, record, before: Self.lineDelayNanoseconds, after: Self.closingNanoseconds)
        }
    }

    private func excuses(_ event: EventRecord, _ record: RequestRecord) -> Bool {
        switch event.event.order {
        case .killServer:
            return Self.overlaps(event, record, after: Self.closingNanoseconds) && record.outcome != .refused
                && record.outcome != .notSent
        case .kill:
            return Self.overlaps(event, record) && !record.isIdempotent && wasTried(record, on: event.victim?.name)
        case .scale, .rollout: return false
        }
    }

    private static func overlaps(
        _ event: EventRecord, _ record: RequestRecord, before: Int64 = 0, after: Int64 = 0
    ) -> Bool {
        guard let ended = event.victim?.ended, record.begun != 0 else { return false }
        return record.begun <= ended + after && record.finished >= event.begun - before
    }

    private func wasTried(_ record: RequestRecord, on victim: String?) -> Bool {
        guard let balancer = evidence.balancer, let victim, record.number < UInt64(entryOf.count) else { return false }
        let index = entryOf[Int(record.number)]
        guard index >= 0 else { return false }
        return balancer.entries[Int(index)].tried.contains { balancer.texts[$0] == victim }
    }
}
