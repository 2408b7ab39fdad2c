// The `checks` part of a scenario file.

import Vocabulary

extension ScenarioReader {
    private static let checkKeys = [
        "no_failed_request", "accounted_once", "integrity", "versions", "capacity", "acknowledged_writes_readable",
        "distribution", "latency", "gap", "proof", "schedule",
    ]
    private static let quantiles: [(String, Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999),
    ]

    func checks(_ value: YAMLValue?, streams: [LoadStream]) -> CheckList {
        var checks = CheckList()
        guard let mapping = value?.mapping(keys: Self.checkKeys) else { return checks }
        checks.noFailedRequest = mapping["no_failed_request"]?.bool ?? true
        checks.accountedOnce = mapping["accounted_once"]?.bool ?? true
        checks.integrity = mapping["integrity"]?.bool ?? true
        checks.versions = mapping["versions"]?.bool ?? true
        checks.acknowledgedWritesReadable = mapping["acknowledged_writes_readable"]?.bool ?? true
        if let value = mapping["capacity"] {
            if let isOn = Self.flag(value) {
                checks.capacityUnavailable = isOn ? 0 : nil
            } else {
                let capacity = value.mapping(keys: ["unavailable"], required: ["unavailable"])
                checks.capacityUnavailable = capacity?["unavailable"]?.integer(0...10_000)
            }
        }
        if let value = mapping["distribution"] { checks.distribution = distribution(value) }
        if let value = mapping["latency"] { checks.latency = latencies(value, streams: streams) }
        if let gap = mapping["gap"]?.mapping(keys: ["longest"], required: ["longest"]) {
            checks.gapMax = gap["longest"]?.duration
        }
        if let value = mapping["proof"] { checks.proof = proof(value) }
        if let schedule = mapping["schedule"]?.mapping(keys: ["lag_p999"], required: ["lag_p999"]) {
            checks.lagMax = schedule["lag_p999"]?.duration ?? checks.lagMax
        }
        return checks
    }

    private static func flag(_ value: YAMLValue) -> Bool? {
        guard value.isScalar else { return nil }
        return value.bool
    }

    private func distribution(_ value: YAMLValue) -> CheckList.Distribution? {
        if let isOn = Self.flag(value) { return isOn ? CheckList.Distribution() : nil }
        var result = CheckList.Distribution()
        guard let mapping = value.mapping(keys: ["service", "expect", "tolerance"]) else { return nil }
        result.service = mapping["service"]?.text
        result.expect = mapping["expect"]?.choice()
        if let tolerance = mapping["tolerance"]?.share {
            result.tolerance = tolerance
            if tolerance <= 0 || tolerance >= 1 { mapping["tolerance"]?.problem("must lie between 0% and 100%") }
        }
        return result
    }

    private func latencies(_ value: YAMLValue, streams: [LoadStream]) -> [CheckList.Latency] {
        if value.isSequence { return (value.sequence ?? []).flatMap { latency($0, streams: streams) } }
        return latency(value, streams: streams)
    }

    private func latency(_ value: YAMLValue, streams: [LoadStream]) -> [CheckList.Latency] {
        guard let mapping = value.mapping(keys: ["stream"] + Self.quantiles.map(\.0)) else { return [] }
        let stream = mapping["stream"]?.text
        if let stream, !streams.contains(where: { $0.name == stream }) {
            let hint = NearestKey.suggestion(for: stream, among: streams.map(\.name))
            mapping["stream"]?.problem("there is no stream \"\(stream)\"\(hint)")
        }
        return Self.quantiles.compactMap { key, quantile in
            mapping[key]?.read("a limit like \"< 2x baseline + 50ms\" or \"< 200ms\"") { text in
                Self.limit(text).map { factor, plus in
                    CheckList.Latency(stream: stream, quantile: quantile, factor: factor, plus: plus)
                }
            }
        }
    }

    /// `< 2x baseline + 50ms`, `< 2x baseline`, `< 200ms`; the `<` may be left out.
    static func limit(_ text: String) -> (factor: Double, plus: Duration)? {
        var words = text.split(separator: " ")[...]
        if words.first == "<" { words = words.dropFirst() }
        if words.count == 1, let duration = Quantities.duration(words[words.startIndex]) { return (0, duration) }
        guard words.count == 2 || words.count == 4, let first = words.popFirst(), first.hasSuffix("x"),
            let factor = Quantities.number(first.dropLast()), words.popFirst() == "baseline"
        else { return nil }
        guard words.popFirst() == "+" else { return words.isEmpty ? (factor, .zero) : nil }
        return words.popFirst().flatMap { Quantities.duration($0) }.map { (factor, $0) }
    }

    private func proof(_ value: YAMLValue) -> CheckList.Proof {
        var proof = CheckList.Proof()
        let keys = ["failure_rate", "detectable_outage", "confidence"]
        guard let mapping = value.mapping(keys: keys) else { return proof }
        proof.failureRateMax = mapping["failure_rate"]?.share
        proof.detectableOutageMax = mapping["detectable_outage"]?.duration
        if let confidence = mapping["confidence"]?.share {
            proof.confidence = confidence
            if confidence < 0.5 || confidence >= 1 { mapping["confidence"]?.problem("must lie between 50% and 100%") }
        }
        return proof
    }
}
