// Who answered how much, by the balancer's ledger.

/// A row of the table of instances.
package struct InstanceSummary: Codable, Sendable {
    package var service: String
    package var instance: String
    package var release: String?
    /// Dispatches, repeated ones counted where they went.
    package var requests: Int
    /// Of the service's, 0 … 1.
    package var share: Double
    /// Since the start of the load.
    package var firstSeconds: Double
    package var lastSeconds: Double

    static func all(_ evidence: Evidence) -> [InstanceSummary] {
        guard let balancer = evidence.balancer else { return [] }
        struct Key: Hashable {
            var service: UInt16
            var instance: UInt16
        }
        struct Row {
            var requests = 0
            var release: UInt16 = 0
            var first = Int64.max
            var last = Int64.min
        }
        var rows: [Key: Row] = [:]
        var totals: [UInt16: Int] = [:]
        for entry in balancer.entries {
            for instance in entry.tried {
                let key = Key(service: entry.service, instance: instance)
                rows[key, default: Row()].requests += 1
                totals[entry.service, default: 0] += 1
                rows[key]!.first = min(rows[key]!.first, entry.time)
                rows[key]!.last = max(rows[key]!.last, entry.time)
                if instance == entry.instance { rows[key]!.release = entry.release }
            }
        }
        let summaries = rows.map { key, row in
            InstanceSummary(
                service: balancer.texts[key.service] ?? "", instance: balancer.texts[key.instance] ?? "",
                release: balancer.texts[row.release], requests: row.requests,
                share: Double(row.requests) / Double(totals[key.service]!),
                firstSeconds: evidence.timeline.seconds(evidence.timeline.monotonic(wallMicroseconds: row.first)),
                lastSeconds: evidence.timeline.seconds(evidence.timeline.monotonic(wallMicroseconds: row.last)))
        }
        return summaries.sorted {
            ($0.service, $0.instance.count, $0.instance) < ($1.service, $1.instance.count, $1.instance)
        }
    }
}
