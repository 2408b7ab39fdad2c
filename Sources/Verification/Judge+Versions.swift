// I10, the answering release was live: before a rollout the old one, during it both, after it the one it ended with.
// The balancer's ledger says who answered; where the application says it too, both must agree.

import Administration

extension Judge {
    /// Which releases of one service may answer, over time.
    struct LiveReleases {
        private var segments: [(from: Int64, releases: Set<String>)]

        init(first: String, rollouts: [EventRecord]) {
            segments = [(.min, [first])]
            for record in rollouts.sorted(by: { $0.begun < $1.begun }) where record.accepted != 0 {
                guard case .rollout(_, let release, _) = record.event.order else { continue }
                let before = segments.last!.releases
                segments.append((record.begun, before.union([release])))
                guard let done = record.done, let report = record.rollout else { continue }
                switch report.state {
                case .completed: segments.append((done, [report.to]))
                case .undone: segments.append((done, [report.from]))
                case .rolling, .paused, .undoing, .failed: break
                }
            }
        }

        /// Whether `release` was live at any time from `begin` to `end`.
        func allows(_ release: String, from begin: Int64, to end: Int64) -> Bool {
            segments.indices.contains { index in
                let until = index + 1 < segments.count ? segments[index + 1].from : .max
                let isConcurrent = segments[index].from <= end && until >= begin
                return isConcurrent && segments[index].releases.contains(release)
            }
        }
    }

    static func versions(_ evidence: Evidence) -> [Finding] {
        guard let first = evidence.samples.first else { return [] }
        let services = first.services.filter { $0.release != nil }
        guard evidence.balancer != nil || services.count == 1 else {
            return [Finding("versions", "I10", nil, "not possible: nothing says which release answered")]
        }
        return services.compactMap { service in versions(evidence, service: service.name, first: service.release!) }
    }

    private struct Answer {
        var record: RequestRecord
        var ledger: String?
        var said: String?
    }

    private static func versions(_ evidence: Evidence, service: String, first: String) -> Finding? {
        let answers = answers(evidence, service: service)
        guard !answers.isEmpty else { return nil }
        let rollouts = evidence.timeline.events.filter { record in
            if case .rollout(service, _, _) = record.event.order { true } else { false }
        }
        let live = LiveReleases(first: first, rollouts: rollouts)
        var details: [String] = []
        var wrong = 0
        var counts: [String: Int] = [:]
        for answer in answers {
            let record = answer.record
            if let ledger = answer.ledger {
                counts[ledger, default: 0] += 1
            } else {
                counts[answer.said ?? "", default: 0] += 1
            }
            if let ledger = answer.ledger, let said = answer.said, ledger != said {
                wrong += 1
                details.append("the balancer says \(ledger), the answer says \(said): \(evidence.describe(record))")
                continue
            }
            for release in [answer.ledger, answer.said].compactMap({ $0 })
            where !live.allows(release, from: record.begun, to: record.finished) {
                wrong += 1
                details.append("answered by \(release), which was not live: \(evidence.describe(record))")
                break
            }
        }
        let list = counts.sorted { $0 < $1 }.map { "\($0) \(Figures.count($1))" }.joined(separator: ", ")
        let said = answers.count { $0.said != nil }
        let source =
            said == 0 ? "by the balancer's ledger" : "\(Figures.count(said)) of them also by what the answer says"
        guard wrong == 0 else {
            return Finding(
                "versions", "I10", .fail,
                "\(service): \(Figures.count(wrong)) of \(Figures.plural(answers.count, "answer")) came from a release that "
                    + "was not live (\(list))", details: details)
        }
        if let last = rollouts.last(where: { $0.done != nil && $0.rollout?.state == .completed }),
            !answers.contains(where: { $0.record.begun > last.done! })
        {
            return Finding("versions", "I10", .inconclusive, "\(service): no request began after the rollout had ended")
        }
        return Finding(
            "versions", "I10", .pass, "\(service): every answer came from a release that was live: \(list); \(source)")
    }

    private static func answers(_ evidence: Evidence, service: String) -> [Answer] {
        let client = evidence.client
        guard let balancer = evidence.balancer else {
            return client.records.compactMap { record in
                client.texts[record.release].map { Answer(record: record, ledger: nil, said: $0) }
            }
        }
        return balancer.entries.compactMap { entry in
            guard balancer.texts[entry.service] == service, let release = balancer.texts[entry.release],
                let number = entry.number, number < UInt64(client.records.count)
            else { return nil }
            let record = client.records[Int(number)]
            return Answer(record: record, ledger: release, said: client.texts[record.release])
        }
    }
}
