// I7, the capacity floor: never fewer ready instances than the service's minimum, less what a rollout may take away.
// While the size changes the smaller of both sizes counts; a kill takes one away until it is replaced.

extension Judge {
    static func capacity(_ evidence: Evidence, unavailable: Int) -> [Finding] {
        let timeline = evidence.timeline
        let samples = evidence.samples.filter { $0.asked >= timeline.start && $0.answered <= timeline.end }
        guard let first = samples.first else { return [] }
        return first.services.filter { $0.instancesMin != nil }.map { service in
            var details: [String] = []
            var lowest = Int.max
            for sample in samples {
                guard let now = sample.service(service.name),
                    let floor = floor(of: now, at: sample, timeline, unavailable: unavailable)
                else { continue }
                lowest = min(lowest, now.ready.count)
                guard now.ready.count < floor else { continue }
                let at = Evidence.seconds(timeline.seconds(sample.answered))
                details.append("at \(at): \(now.ready.count) ready, at least \(floor) were due")
            }
            let looks = Figures.plural(samples.count, "look")
            guard details.isEmpty else {
                return Finding(
                    "capacity", "I7", .fail,
                    "\(service.name): too few instances ready in \(Figures.count(details.count)) of \(looks)",
                    details: details)
            }
            guard lowest != .max else { return Finding("capacity", "I7", nil, "\(service.name): never looked at") }
            return Finding(
                "capacity", "I7", .pass,
                "\(service.name): never below its floor in \(looks), \(lowest) ready at the least")
        }
    }

    /// `nil` while a killed server is replaced: it can't say.
    private static func floor(
        of service: StatusSample.Service, at sample: StatusSample, _ timeline: Timeline, unavailable: Int
    ) -> Int? {
        guard var floor = service.instancesMin else { return nil }
        for record in timeline.events where record.begun <= sample.answered && (record.done ?? .max) >= sample.asked {
            switch record.event.order {
            case .killServer: return nil
            case .scale(service.name, let count): floor = min(floor, record.readyBefore, count)
            case .kill(service.name, _, _): floor = min(floor, record.readyBefore - 1)
            case .rollout(service.name, _, _): floor = min(floor, record.readyBefore) - unavailable
            case .scale, .kill, .rollout: break
            }
        }
        return floor
    }
}
