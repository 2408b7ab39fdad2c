// How strong the proof is, printed with every run: what failure rate and what outage the run would have shown. When a
// scenario asks for more than the run can give, the run is inconclusive, however green.

import Statistics
import Vocabulary

extension Judge {
    static func proof(_ evidence: Evidence) -> [Finding] {
        let records = evidence.judgedRecords
        let seconds = Double(max(0, evidence.timeline.end - evidence.timeline.windowStart)) / 1e9
        let alpha = 1 - evidence.checks.proof.confidence
        guard !records.isEmpty, seconds > 0 else {
            return [Finding("proof", nil, .inconclusive, "no request in the window: the run proves nothing")]
        }
        return [failureRate(evidence, records, alpha), outage(evidence, records, seconds: seconds, alpha)]
    }

    private static func failureRate(_ evidence: Evidence, _ records: [RequestRecord], _ alpha: Double) -> Finding {
        let excuses = Excuses(evidence)
        let failures = records.count { !$0.isSuccess && excuses.fault(for: $0) == nil }
        let bound =
            failures == 0
            ? ZeroFailureBound.shareMax(requests: records.count, alpha: alpha)
            : ProportionInterval.clopperPearson(Tally(failures: failures, requests: records.count), alpha: 2 * alpha)
                .upperBound
        let sure = Figures.percent(1 - alpha)
        let figures =
            "\(Figures.count(failures)) failures in \(Figures.plural(records.count, "request")) of window and settling time: "
            + "the failure rate is below \(Figures.percent(bound)), \(sure) sure"
        guard let limit = evidence.checks.proof.failureRateMax else { return Finding("proof", nil, nil, figures) }
        if bound <= limit {
            return Finding("proof", nil, .pass, "\(figures); asked for \(Figures.percent(limit))")
        }
        guard limit > 0, limit < 1 else { return Finding("proof", nil, .inconclusive, figures) }
        let needed = ZeroFailureBound.requestsNeeded(share: limit, alpha: alpha)
        return Finding(
            "proof", nil, .inconclusive,
            "\(figures); to show \(Figures.percent(limit)) it takes \(Figures.count(needed)) requests without a failure"
        )
    }

    private static func outage(
        _ evidence: Evidence, _ records: [RequestRecord], seconds: Double, _ alpha: Double
    ) -> Finding {
        let rate = Double(records.count) / seconds
        let instances = max(1, evidence.samples.flatMap { $0.services.map(\.ready.count) }.max() ?? 1)
        let share = 1 / Double(instances)
        let shortest = DetectableOutage.shortestSeconds(rate: rate, share: share, swaps: 1, alpha: alpha)
        let whole = DetectableOutage.shortestSeconds(rate: rate, share: 1, swaps: 1, alpha: alpha)
        func time(_ seconds: Double) -> String { Figures.time(nanoseconds: Int64(seconds * 1e9)) }
        let figures =
            "at \(Figures.fixed(rate, 0)) requests/s no outage of \(time(shortest)) or longer of one of "
            + "\(Figures.plural(instances, "instance")) went unseen, nor a whole one of \(time(whole)), "
            + "\(Figures.percent(1 - alpha)) sure"
        guard let limit = evidence.checks.proof.detectableOutageMax?.inSeconds else {
            return Finding("proof", nil, nil, figures)
        }
        let verdict: Verdict = shortest <= limit ? .pass : .inconclusive
        return Finding("proof", nil, verdict, "\(figures); asked for \(time(limit))")
    }
}
