// The parts of a run.

/// The part of a run in which a request was due.
package enum Phase: String, Sendable, Hashable, CaseIterable, Codable {
    case warmup, baseline, window, settle
    /// Writes read back after the load has ended.
    case readBack = "read_back"
}
