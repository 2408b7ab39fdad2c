// How often something was tried and how often it failed.

/// Failures among requests. Pure.
package struct Tally: Hashable, Sendable, Codable {
    /// 0 … `requests`.
    package private(set) var failures: Int
    /// 0 or more.
    package private(set) var requests: Int

    /// Counts that cannot be (negative, or more failures than requests, as counters read one after the other may
    /// give) are brought into range.
    package init(failures: Int = 0, requests: Int = 0) {
        self.failures = max(failures, 0)
        self.requests = max(requests, self.failures)
    }

    /// Brings counts that cannot be into range, like `init(failures:requests:)`.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            failures: try values.decode(Int.self, forKey: .failures),
            requests: try values.decode(Int.self, forKey: .requests))
    }

    /// The share of failures, or `nil` without requests.
    package var share: Double? {
        requests == 0 ? nil : Double(failures) / Double(requests)
    }

    /// Counts the other's requests as well.
    package mutating func add(_ other: Tally) {
        failures += other.failures
        requests += other.requests
    }
}
