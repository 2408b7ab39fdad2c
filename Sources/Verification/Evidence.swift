// Everything a run left behind. The judges get this and nothing else, so a run can be judged again, and a test can
// write one by hand.

/// The material of a judgement. Pure value.
package struct Evidence: Sendable {
    package var streams: [LoadStream]
    package var checks: CheckList
    package var client: ClientLedger
    /// `nil`: there is no access log to be had.
    package var balancer: BalancerLedger?
    package var timeline: Timeline
    /// In order of time; empty without an admin socket.
    package var samples: [StatusSample]
    /// Loop threads of the front door; `nil` without an admin socket.
    package var workers: Int?
    /// The load could not be given or the run was broken off: why.
    package var brokenOff: String?

    package init(
        streams: [LoadStream], checks: CheckList, client: ClientLedger, balancer: BalancerLedger?, timeline: Timeline,
        samples: [StatusSample], workers: Int?, brokenOff: String? = nil
    ) {
        self.streams = streams
        self.checks = checks
        self.client = client
        self.balancer = balancer
        self.timeline = timeline
        self.samples = samples
        self.workers = workers
        self.brokenOff = brokenOff
    }

    /// Requests that were due in the window or the settling time: those a change could have hurt.
    var judgedRecords: [RequestRecord] {
        client.records.filter { [.window, .settle].contains(timeline.phase(of: $0)) }
    }

    /// `reads 1234-17 (GET /json/17)`-like name of a request in findings.
    func describe(_ record: RequestRecord) -> String {
        let stream = streams[Int(record.stream)]
        var text = "\(client.id(of: record)) (\(stream.name)\(record.isReadBack ? ", read back" : ""))"
        text += " at \(Self.seconds(timeline.seconds(record.intended))): \(record.outcome.label)"
        if record.status != 0 { text += ", status \(record.status)" }
        if let reason = client.texts[record.reason] { text += ", reason \(reason)" }
        return text
    }

    static func seconds(_ seconds: Double) -> String { Figures.fixed(seconds, 3) + " s" }
}
