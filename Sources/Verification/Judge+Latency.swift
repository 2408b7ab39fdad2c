// I6: latency in the window against the baseline, the longest gap between successes, and how long a killed server was
// missed. Quantiles come with distribution-free intervals; a limit that lies inside one is an open question.

import Statistics
import Vocabulary

extension Judge {
    private static let alpha = 1e-3

    private struct Quantile {
        var value: Int64
        /// Certain to `1 - alpha`; `nil` when there are too few values.
        var bounds: ClosedRange<Int64>?

        init?(_ sorted: [Int64], _ quantile: Double) {
            guard !sorted.isEmpty else { return nil }
            value = sorted[min(sorted.count - 1, Int((Double(sorted.count) * quantile).rounded(.up)) - 1)]
            bounds = QuantileRanks.bounds(count: sorted.count, quantile: quantile, alpha: alpha).map {
                sorted[$0.lowerBound - 1]...sorted[$0.upperBound - 1]
            }
        }
    }

    static func latency(_ evidence: Evidence) -> [Finding] {
        evidence.checks.latency.map { limit in
            let streams = evidence.streams.indices.filter {
                limit.stream == nil || evidence.streams[$0].name == limit.stream
            }
            func latencies(_ phases: Set<Phase>) -> [Int64] {
                evidence.client.records.filter { record in
                    streams.contains(Int(record.stream)) && phases.contains(evidence.timeline.phase(of: record))
                        && record.finished != 0
                }.map(\.latencyNanoseconds).sorted()
            }
            return judge(limit, baseline: latencies([.baseline]), window: latencies([.window, .settle]))
        }
    }

    private static func judge(_ limit: CheckList.Latency, baseline: [Int64], window: [Int64]) -> Finding {
        let quantile = "p" + Figures.fixed(limit.quantile * 100, limit.quantile == 0.999 ? 1 : 0)
        let name = "\(limit.stream ?? "all streams") \(quantile)"
        guard let after = Quantile(window, limit.quantile) else {
            return Finding("latency", "I6", .invalid, "\(name): no request in the window")
        }
        var bound = limit.plus.nanoseconds
        var basis = ""
        if limit.factor > 0 {
            guard let before = Quantile(baseline, limit.quantile) else {
                return Finding("latency", "I6", .invalid, "\(name): no request in the baseline")
            }
            bound += Int64(limit.factor * Double(before.value))
            basis = " (baseline \(Figures.time(nanoseconds: before.value)))"
        }
        let limitText = "the limit is \(Figures.time(nanoseconds: bound))\(basis)"
        guard let bounds = after.bounds else {
            return Finding(
                "latency", "I6", .inconclusive,
                "\(name): \(Figures.time(nanoseconds: after.value)) of \(Figures.plural(window.count, "request")), too few for "
                    + "an interval; \(limitText)")
        }
        let figures =
            "\(name) in window and settling time: \(Figures.time(nanoseconds: after.value)), 99.9 % sure to lie in "
            + "\(Figures.time(nanoseconds: bounds.lowerBound)) … \(Figures.time(nanoseconds: bounds.upperBound)); \(limitText)"
        if bounds.upperBound <= bound { return Finding("latency", "I6", .pass, figures) }
        return Finding("latency", "I6", bounds.lowerBound > bound ? .fail : .inconclusive, figures)
    }

    /// The longest time without any success, from the beginning of the window on.
    static func gap(_ evidence: Evidence) -> Finding {
        let timeline = evidence.timeline
        guard timeline.windowStart < timeline.end else { return Finding("gap", "I6", nil, "there was no window") }
        let ends = evidence.client.records.filter {
            $0.isSuccess && !$0.isReadBack && $0.finished >= timeline.windowStart
        }
        .map(\.finished).filter { $0 <= timeline.end }.sorted()
        let marks = [timeline.windowStart] + ends + [max(timeline.end, ends.last ?? 0)]
        var longest: (length: Int64, at: Int64) = (0, timeline.windowStart)
        for (before, after) in zip(marks, marks.dropFirst()) where after - before > longest.length {
            longest = (after - before, before)
        }
        let at = Evidence.seconds(timeline.seconds(longest.at))
        let figures =
            "the longest time without a success was \(Figures.time(nanoseconds: longest.length)), from \(at) on"
        guard let limit = evidence.checks.gapMax?.nanoseconds else { return Finding("gap", "I6", nil, figures) }
        let verdict: Verdict = longest.length <= limit ? .pass : .fail
        return Finding("gap", "I6", verdict, "\(figures); the limit is \(Figures.time(nanoseconds: limit))")
    }

    /// For each killed server: what its death cost.
    static func serverKills(_ evidence: Evidence) -> [Finding] {
        evidence.timeline.events.compactMap { event in
            guard case .killServer = event.event.order, let ended = event.victim?.ended else { return nil }
            let records = evidence.client.records.filter { !$0.isReadBack && $0.begun != 0 }
            let next = records.filter { $0.isSuccess && $0.begun > event.begun }.map(\.finished).min()
            let inFlight = records.filter { $0.begun <= ended && $0.finished >= event.begun }
            let until = event.done ?? evidence.timeline.end
            let refused = records.count { $0.outcome == .refused && $0.finished >= event.begun && $0.begun <= until }
            guard let next else {
                return Finding(
                    "server_kill", nil, .fail, "\(event.event.id): nothing was served after the server was killed")
            }
            return Finding(
                "server_kill", nil, refused == 0 ? .pass : .fail,
                "\(event.event.id): next served request \(Figures.time(nanoseconds: next - event.begun)) after the kill; "
                    + "\(Figures.plural(refused, "connection")) refused; "
                    + "\(Figures.count(inFlight.count { !$0.isSuccess })) of \(Figures.count(inFlight.count)) requests in "
                    + "flight failed")
        }
    }
}
