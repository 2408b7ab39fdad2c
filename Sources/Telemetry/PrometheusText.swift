// The Prometheus text format, version 0.0.4: the writing rules. Which metrics there are is in
// `PrometheusText+Status.swift`.

/// Metrics as Prometheus reads them. Pure.
package struct PrometheusText {
    /// The `Content-Type` of the exposition.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What a metric's number means.
    enum Kind: String {
        /// Only grows, until the server starts again. Its name ends in `_total`.
        case counter
        /// Goes up and down.
        case gauge
    }

    /// One number with its labels, in the order they are printed.
    struct Sample {
        var labels: KeyValuePairs<String, String>
        var value: Double

        init(_ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
            self.labels = labels
            self.value = value
        }

        init(_ labels: KeyValuePairs<String, String> = [:], _ value: Int) {
            self.init(labels, Double(value))
        }

        init(_ labels: KeyValuePairs<String, String> = [:], isTrue: Bool) {
            self.init(labels, isTrue ? 1 : 0)
        }
    }

    private(set) var text = ""

    /// Writes one metric with all its samples together, as the format demands; nothing when there are none.
    mutating func add(_ name: String, _ kind: Kind, help: String, _ samples: [Sample]) {
        precondition(
            (kind == .counter) == name.hasSuffix("_total"), "a counter, and only that, ends in _total: \(name)")
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
            text += " \(Self.number(sample.value))\n"
        }
    }

    /// Backslash and line feed are escaped everywhere, the quote in label values only.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whole numbers without a point; the special values as Prometheus spells them.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
