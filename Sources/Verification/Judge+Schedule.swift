// I2, the driver kept its schedule. A driver that was late measured itself, not the front door: the run is invalid.

import Vocabulary

extension Judge {
    static func schedule(_ evidence: Evidence) -> Finding {
        let open = evidence.client.records.filter { record in
            guard !record.isReadBack, case .open = evidence.streams[Int(record.stream)].arrival else { return false }
            return true
        }
        let all = evidence.client.records.filter { !$0.isReadBack }
        guard !all.isEmpty else { return Finding("schedule", "I2", .invalid, "no request was made") }
        let unbegun = open.count { $0.begun == 0 }
        let lags = open.filter { $0.begun != 0 }.map { max(0, $0.begun - $0.intended) }.sorted()
        let limit = evidence.checks.lagMax.nanoseconds
        guard !lags.isEmpty else {
            return unbegun > 0
                ? Finding("schedule", "I2", .invalid, "none of \(Figures.count(unbegun)) requests was begun")
                : Finding("schedule", "I2", .pass, "closed loop: there is no schedule to keep")
        }
        let lag = lags[min(lags.count - 1, Int(Double(lags.count) * 0.999))]
        let figures =
            "\(Figures.count(lags.count)) requests begun when due: the driver's own delay was "
            + "\(Figures.time(nanoseconds: lags[lags.count / 2])) in the median, "
            + "\(Figures.time(nanoseconds: lag)) at p99.9"
        if unbegun > 0 {
            return Finding(
                "schedule", "I2", .invalid, "\(Figures.plural(unbegun, "request")) due and never begun; \(figures)")
        }
        guard lag <= limit else {
            return Finding(
                "schedule", "I2", .invalid, "\(figures); the limit is \(Figures.time(nanoseconds: limit))",
                details: ["lower the rate, give the driver more of the machine, or raise checks.schedule.lag_p999"])
        }
        return Finding("schedule", "I2", .pass, figures)
    }
}
