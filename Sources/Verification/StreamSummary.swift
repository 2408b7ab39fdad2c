// Counts and latencies of one stream in one phase. Latencies go through an HdrHistogram: three digits, 1 µs to an hour.

import Histogram

/// A row of the table of streams.
package struct StreamSummary: Codable, Sendable {
    /// Microseconds.
    package struct Latency: Codable, Sendable {
        package var p50: UInt64
        package var p90: UInt64
        package var p99: UInt64
        package var p999: UInt64
        package var max: UInt64

        init?(_ histogram: Histogram<UInt64>) {
            guard histogram.totalCount > 0 else { return nil }
            p50 = histogram.valueAtPercentile(50)
            p90 = histogram.valueAtPercentile(90)
            p99 = histogram.valueAtPercentile(99)
            p999 = histogram.valueAtPercentile(99.9)
            max = histogram.maxRecorded
        }
    }

    package var stream: String
    package var phase: Phase
    package var requests: Int
    /// By the label of the outcome; only those that occurred.
    package var outcomes: [String: Int]
    /// By status; only those that occurred.
    package var statuses: [String: Int]
    /// From when a request was due to its end.
    package var response: Latency?
    /// From when it was begun to its end.
    package var service: Latency?

    /// Every stream in every phase that had requests of it.
    static func all(_ evidence: Evidence) -> [StreamSummary] {
        struct Key: Hashable {
            var stream: UInt16
            var phase: Phase
        }
        let groups = Dictionary(grouping: evidence.client.records) { record in
            Key(stream: record.stream, phase: evidence.timeline.phase(of: record))
        }
        return evidence.streams.indices.flatMap { index in
            Phase.allCases.compactMap { phase in
                groups[Key(stream: UInt16(index), phase: phase)].map { records in
                    StreamSummary(evidence.streams[index].name, phase, records)
                }
            }
        }
    }

    private init(_ stream: String, _ phase: Phase, _ records: [RequestRecord]) {
        self.stream = stream
        self.phase = phase
        requests = records.count
        outcomes = Dictionary(records.map { ($0.outcome.label, 1) }, uniquingKeysWith: +)
        statuses = Dictionary(records.compactMap { $0.status == 0 ? nil : (String($0.status), 1) }, uniquingKeysWith: +)
        let hour: UInt64 = 3_600_000_000
        var response = Histogram<UInt64>(lowestDiscernibleValue: 1, highestTrackableValue: hour)
        var service = Histogram<UInt64>(lowestDiscernibleValue: 1, highestTrackableValue: hour)
        for record in records where record.finished != 0 {
            response.record(min(hour, UInt64(record.latencyNanoseconds / 1000)))
            service.record(min(hour, UInt64(record.serviceNanoseconds / 1000)))
        }
        self.response = Latency(response)
        self.service = Latency(service)
    }
}
