// I11, how requests are spread over instances. Counted per *epoch*: a stretch with one routing-table revision of one
// server, within which membership is constant. Round robin is judged exactly: each of W workers keeps its own turn, so
// the counts of an epoch may differ by W and no more. The ledger's revision is that of the table that chose, so a request
// under way when the table changes counts where it was dispatched. An epoch in which a request went to a second backend
// is left out: one that could not be reached is passed over for a while, which no revision shows. Everything else is
// judged by equivalence: shares equal to within a tolerance, for sure, or not for sure, or too few requests to say.

import Statistics

extension Judge {
    private struct EpochKey: Hashable, Comparable {
        var generation: Int
        var revision: UInt64

        static func < (left: EpochKey, right: EpochKey) -> Bool {
            (left.generation, left.revision) < (right.generation, right.revision)
        }
    }

    struct Epoch: Equatable {
        /// By instance name; instances known to be ready that got nothing count 0.
        var counts: [String: Int] = [:]
        var hasRetries = false
        /// By instance: requests that were dispatched to it and sent again under a later table, which the ledger names.
        var sentAgain: [String: Int] = [:]
        /// In microseconds since 1970.
        var firstLine = Int64.max
        /// Requests of which nobody knows where they went: taken along by a killed server, or by a backend long gone.
        var lost = 0

        var total: Int { counts.values.reduce(0, +) }
        /// The largest count less the smallest; what was sent again later makes up for what is wanting here.
        var spread: Int {
            let most = counts.values.max() ?? 0
            return most - (counts.map { min(most, $1 + sentAgain[$0, default: 0]) }.min() ?? 0)
        }
    }

    /// Of a false alarm in either direction, per service (research: one in ten thousand runs).
    private static let alpha = 1e-4

    static func distribution(_ evidence: Evidence, _ check: CheckList.Distribution) -> [Finding] {
        guard evidence.balancer != nil, let first = evidence.samples.first else {
            return [Finding("distribution", "I11", nil, "not possible: the target's access log is not known")]
        }
        if let name = check.service, first.service(name) == nil {
            return [Finding("distribution", "I11", .invalid, "there is no service \"\(name)\"")]
        }
        return first.services.filter { check.service == nil || $0.name == check.service }.compactMap { service in
            let epochs = epochs(evidence, service: service.name)
            let isAsked = check.service != nil
            guard epochs.contains(where: { $0.counts.count > 1 }) else {
                let text = "\(service.name): never more than one instance"
                return isAsked ? Finding("distribution", "I11", .inconclusive, text) : nil
            }
            let expectation = check.expect ?? (service.balance == "round_robin" ? .roundRobin : .even)
            switch expectation {
            case .roundRobin: return roundRobin(service.name, epochs, workers: evidence.workers ?? 1)
            case .even:
                let isLimit = check.expect != nil || isAsked
                return even(service.name, epochs, tolerance: check.tolerance, isAsked: isLimit)
            }
        }
    }

    static func epochs(_ evidence: Evidence, service: String) -> [Epoch] {
        guard let balancer = evidence.balancer else { return [] }
        let timeline = evidence.timeline
        let deaths = timeline.events.compactMap { record -> Int64? in
            if case .killServer = record.event.order { record.victim?.ended } else { nil }
        }
        func generation(_ instant: Int64) -> Int { deaths.count { $0 < instant } }
        func key(_ entry: BalancerEntry) -> EpochKey {
            let ended = timeline.monotonic(wallMicroseconds: entry.time)
            return EpochKey(generation: generation(ended), revision: entry.revision)
        }
        var epochs: [EpochKey: Epoch] = [:]
        let entries = balancer.entries.filter { !$0.tried.isEmpty && balancer.texts[$0.service] == service }
        for entry in entries {
            let key = key(entry)
            epochs[key, default: Epoch()].firstLine = min(epochs[key]?.firstLine ?? .max, entry.time)
            // The connection of a keep-alive pool that had died meanwhile is replaced by one to the same backend.
            let tried = Set(entry.tried)
            if tried.count > 1 { epochs[key, default: Epoch()].hasRetries = true }
            for backend in tried {
                epochs[key, default: Epoch()].counts[balancer.texts[backend] ?? "", default: 0] += 1
            }
        }
        addSentAgain(balancer, entries, to: &epochs, key: key)
        addStarved(evidence, service: service, to: &epochs) {
            EpochKey(generation: generation($0.asked), revision: $0.revision)
        }
        addLost(evidence, to: &epochs, generations: deaths.count)
        return epochs.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A request whose backend died may have been sent there under the table before the one that it was logged under.
    private static func addSentAgain(
        _ balancer: BalancerLedger, _ entries: [BalancerEntry], to epochs: inout [EpochKey: Epoch],
        key: (BalancerEntry) -> EpochKey
    ) {
        let order = epochs.keys.sorted()
        let before = Dictionary(uniqueKeysWithValues: zip(order.dropFirst(), order))
        for entry in entries where entry.tried.count > 1 {
            let own = key(entry)
            guard let previous = before[own], previous.generation == own.generation,
                entry.time - entry.totalMicroseconds <= epochs[own]!.firstLine
            else { continue }
            for backend in entry.tried.dropLast() {
                let name = balancer.texts[backend] ?? ""
                // A backend that is gone by then has only its number left: `b7`.
                if name.first == "b", UInt32(name.dropFirst()) != nil {
                    epochs[previous]!.lost += 1
                } else {
                    epochs[previous]!.sentAgain[name, default: 0] += 1
                }
            }
        }
    }

    /// Who was ready and got nothing stands in no line of the ledger, but in the status. A single look may be a moment
    /// ahead of the table, so it takes two, half a second apart.
    private static func addStarved(
        _ evidence: Evidence, service: String, to epochs: inout [EpochKey: Epoch], key: (StatusSample) -> EpochKey
    ) {
        struct Sighting: Hashable {
            var epoch: EpochKey
            var instance: String
        }
        var first: [Sighting: Int64] = [:]
        for sample in evidence.samples {
            let epoch = key(sample)
            guard epochs[epoch] != nil, let ready = sample.service(service)?.ready else { continue }
            for instance in ready where epochs[epoch]!.counts[instance] == nil {
                let sighting = Sighting(epoch: epoch, instance: instance)
                if sample.asked - first[sighting, default: sample.asked] >= 500_000_000 {
                    epochs[epoch]!.counts[instance] = 0
                }
                first[sighting] = first[sighting] ?? sample.asked
            }
        }
    }

    private static func addLost(_ evidence: Evidence, to epochs: inout [EpochKey: Epoch], generations: Int) {
        guard generations > 0, let balancer = evidence.balancer else { return }
        let index = balancer.index(count: evidence.client.records.count)
        let excuses = Excuses(evidence)
        let lost = evidence.client.records.count { index[Int($0.number)] == -1 && excuses.mayLackLine($0) }
        for generation in 0..<generations {
            guard let last = epochs.keys.filter({ $0.generation == generation }).max() else { continue }
            epochs[last]?.lost += lost
        }
    }

    private static func describe(_ epoch: Epoch) -> String {
        let list = epoch.counts.sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) }.map {
            "\($0) \(Figures.count($1))"
        }
        return list.joined(separator: ", ")
    }

    private static func roundRobin(_ service: String, _ epochs: [Epoch], workers: Int) -> Finding {
        let several = epochs.filter { $0.counts.count > 1 }
        let judged = several.filter { !$0.hasRetries }
        let uneven = judged.filter { $0.spread > workers + $0.lost }
        let requests = judged.reduce(0) { $0 + $1.total }
        let leftOut = several.count - judged.count
        let note = leftOut == 0 ? "" : "; \(Figures.plural(leftOut, "epoch")) with retries left out"
        let bound = Figures.plural(workers, "worker")
        guard uneven.isEmpty else {
            return Finding(
                "distribution", "I11", .fail,
                "\(service): in \(Figures.count(uneven.count)) of \(Figures.plural(judged.count, "epoch")) the counts differ "
                    + "by more than \(workers) (\(bound))\(note)", details: uneven.map(describe))
        }
        guard let largest = judged.max(by: { $0.total < $1.total }), largest.total >= 2 * largest.counts.count else {
            return Finding("distribution", "I11", .inconclusive, "\(service): too few requests to judge\(note)")
        }
        let spread = judged.map(\.spread).max() ?? 0
        return Finding(
            "distribution", "I11", .pass,
            "\(service): round robin, exactly: in \(Figures.plural(judged.count, "epoch")) with "
                + "\(Figures.plural(requests, "request")) the counts differ by at most \(spread) (\(bound))\(note)",
            details: ["largest epoch: \(describe(largest))"])
    }

    private static func even(_ service: String, _ epochs: [Epoch], tolerance: Double, isAsked: Bool) -> Finding {
        let several = epochs.filter { $0.counts.count > 1 }
        let share = alpha / Double(several.count)
        var passes = 0
        var fails: [String] = []
        var needed = Int.max
        for epoch in several {
            let counts = epoch.counts.sorted { $0.key < $1.key }.map(\.value)
            let weights = Array(repeating: 1.0, count: counts.count)
            let verdict = Equivalence.judge(observed: counts, weights: weights, margin: tolerance, alpha: share)
            switch verdict?.outcome {
            case .pass?: passes += 1
            case .fail?: fails.append(describe(epoch))
            case .inconclusive(let requests)?: needed = min(needed, requests)
            case nil: break
            }
        }
        let largest = several.max { $0.total < $1.total }
        let example = largest.map { "largest epoch: \(describe($0))" } ?? ""
        let margin = "equal shares ±\(Figures.percent(tolerance))"
        if !fails.isEmpty {
            return Finding(
                "distribution", "I11", isAsked ? .fail : nil,
                "\(service): not \(margin) in \(Figures.plural(fails.count, "epoch"))", details: fails)
        }
        if passes > 0 {
            return Finding(
                "distribution", "I11", .pass,
                "\(service): \(margin), shown in \(Figures.plural(passes, "epoch")) of \(several.count)",
                details: [example])
        }
        let hint = needed == .max ? "" : "; an epoch of about \(Figures.count(needed)) requests would tell"
        return Finding(
            "distribution", "I11", isAsked ? .inconclusive : nil,
            "\(service): too few requests to show \(margin)\(hint)", details: [example])
    }
}
