// What was said between a fleet and its simulated world, line by line.

import Fleet
import Vocabulary

/// One line of a simulation's transcript.
package struct TranscriptLine: Sendable, Hashable, CustomStringConvertible {
    /// Who said it: the world, or the fleet.
    package enum What: Sendable, Hashable {
        case event(FleetEvent)
        case order(FleetOrder)
        /// Something that the world did.
        case world(String)
    }

    package var at: Instant
    package var what: What

    package var description: String {
        let text =
            switch what {
            case .event(let event): "← \(event)"
            case .order(let order): "  → \(order)"
            case .world(let text): "· \(text)"
            }
        return "\((at - .zero).inSeconds) \(text)"
    }
}

/// How a simulation ended.
package struct SimulationOutcome: Sendable {
    package var seed: UInt64
    /// The first broken rule, in a sentence; `nil` when all held.
    package var violation: String?
    /// Every line, oldest first.
    package var transcript: [TranscriptLine]
    package var endedAt: Instant
    /// Requests answered well.
    package var answered: Int
    /// Requests answered by an error, or never.
    package var failed: Int
    package var report: FleetReport

    /// For a failed test: the seed, what broke and the last lines before it.
    package var story: String {
        let tail = transcript.suffix(60).map(\.description).joined(separator: "\n")
        return "seed \(seed): \(violation ?? "all rules held")\n\(tail)"
    }
}
