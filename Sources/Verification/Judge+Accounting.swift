// I3, every request is in the balancer's ledger exactly once and both ledgers say the same of it; I4, every answer
// belongs to its request and is complete.

extension Judge {
    static func accountedOnce(_ evidence: Evidence) -> Finding {
        guard let balancer = evidence.balancer else {
            return Finding("accounted_once", "I3", nil, "not possible: the target's access log is not known")
        }
        let records = evidence.client.records
        let index = balancer.index(count: records.count)
        let excuses = Excuses(evidence)
        var details: [String] = []
        var missing = 0
        var twice = 0
        var different = 0
        var exempt = 0
        for record in records {
            switch index[Int(record.number)] {
            case -1 where record.sent == 0: break
            case -1 where excuses.mayLackLine(record): exempt += 1
            case -1:
                missing += 1
                details.append("not in the ledger: \(evidence.describe(record))")
            case -2:
                twice += 1
                details.append("more than once in the ledger: \(evidence.describe(record))")
            case let position:
                let entry = balancer.entries[Int(position)]
                guard record.status != 0, record.status != entry.status else { break }
                different += 1
                details.append("the ledger says status \(entry.status): \(evidence.describe(record))")
            }
        }
        let unknown = balancer.entries.count { entry in
            entry.isForged || (entry.number.map { $0 >= UInt64(records.count) } ?? false)
        }
        if unknown > 0 {
            details.append("\(Figures.plural(unknown, "line")) with ids of this run that the driver never made")
        }
        let kills = evidence.timeline.events.count { if case .killServer = $0.event.order { true } else { false } }
        // A server that is killed may leave half a line behind.
        let unreadable = max(0, balancer.unreadableCount - kills)
        details += balancer.unreadable.map { "unreadable: \($0)" }
        let note = exempt == 0 ? "" : "; \(Figures.count(exempt)) went down with a killed server"
        guard missing + twice + different + unknown + unreadable == 0 else {
            return Finding(
                "accounted_once", "I3", .fail,
                "of \(Figures.plural(records.count, "request")) \(Figures.count(missing)) are missing in the "
                    + "balancer's ledger, \(Figures.count(twice)) there more than once, \(Figures.count(different)) with "
                    + "another status; \(Figures.plural(unknown, "unknown id")), "
                    + "\(Figures.plural(unreadable, "unreadable line"))\(note)", details: details)
        }
        return Finding(
            "accounted_once", "I3", .pass,
            "each of \(Figures.plural(records.count { $0.sent != 0 }, "request")) sent is in the balancer's ledger exactly "
                + "once, with the same status\(note)", details: details)
    }

    static func integrity(_ evidence: Evidence) -> Finding {
        let answered = evidence.client.records.filter { $0.status != 0 }
        guard !answered.isEmpty else { return Finding("integrity", "I4", nil, "there was no answer to look at") }
        let excuses = Excuses(evidence)
        let crossed = answered.filter { $0.isCrossed && $0.outcome != .truncated && $0.outcome != .timeout }
        let cut = answered.filter { $0.outcome == .truncated && excuses.fault(for: $0) == nil }
        guard crossed.isEmpty, cut.isEmpty else {
            return Finding(
                "integrity", "I4", .fail,
                "of \(Figures.plural(answered.count, "answer")) \(Figures.count(crossed.count)) carry another request's id "
                    + "or none, \(Figures.count(cut.count)) are cut short",
                details: (crossed + cut).map(evidence.describe))
        }
        return Finding(
            "integrity", "I4", .pass,
            "each of \(Figures.plural(answered.count, "answer")) is complete and carries the id of its request")
    }

    /// Writes that were acknowledged and can be read (part of I14).
    static func acknowledgedWritesReadable(_ evidence: Evidence) -> [Finding] {
        evidence.streams.indices.filter { evidence.streams[$0].readBack != nil }.map { index in
            let records = evidence.client.records.filter { $0.stream == index }
            let writes = records.count { !$0.isReadBack && $0.isSuccess }
            let reads = records.filter(\.isReadBack)
            let lost = reads.filter { !$0.isSuccess }
            let name = "acknowledged_writes_readable"
            let stream = evidence.streams[index].name
            if !lost.isEmpty {
                return Finding(
                    name, "I14", .fail,
                    "\(stream): \(Figures.count(lost.count)) of \(Figures.count(writes)) acknowledged writes could not be "
                        + "read back as written", details: lost.map(evidence.describe))
            }
            guard reads.count == writes, writes > 0 else {
                return Finding(
                    name, "I14", .invalid,
                    "\(stream): \(Figures.count(reads.count)) of \(Figures.count(writes)) acknowledged writes were read"
                )
            }
            return Finding(
                name, "I14", .pass,
                "\(stream): all \(Figures.plural(writes, "acknowledged write")) read back as written")
        }
    }
}
