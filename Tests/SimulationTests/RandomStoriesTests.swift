// Random stories: whatever happens to a fleet, the rules of `Invariants` hold and it comes to rest.

import Foundation
import Simulation
import Testing

struct RandomStoriesTests {
    /// How many seeds are tried; `PORTICO_SEEDS` raises it.
    private static let seeds: UInt64 = ProcessInfo.processInfo.environment["PORTICO_SEEDS"].flatMap(UInt64.init) ?? 300

    @Test func `every rule holds in every story, and each comes to rest`() async {
        let failures = await outcomes(of: 1...Self.seeds) { outcome in
            outcome.violation == nil ? nil : outcome.story
        }
        for story in failures.prefix(3) { Issue.record("\(story)") }
        #expect(failures.count == 0)
    }

    /// Runs a few stories at a time and gathers what `judge` objects to, in the order of the seeds.
    private func outcomes(
        of seeds: ClosedRange<UInt64>, judge: @escaping @Sendable (SimulationOutcome) -> String?
    ) async -> [String] {
        await withTaskGroup(of: [(UInt64, String)].self) { group in
            for lane in 0..<UInt64(2) {
                group.addTask {
                    seeds.filter { $0 % 2 == lane }.compactMap { seed in
                        judge(World.run(.random(seed: seed))).map { (seed, $0) }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
