// Random stories: whatever happens to a fleet, the rules of `Invariants` hold and it comes to rest.

import Fleet
import Foundation
import Simulation
import Testing

struct RandomStoriesTests {
    /// How many seeds are tried; `PORTICO_SEEDS` changes it.
    private static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["PORTICO_SEEDS"].flatMap(UInt64.init).map { max($0, 1) } ?? 300

    @Test func `every rule holds in every story, each comes to rest, and a harmless one loses no request`() async {
        let failures = await judge(1...Self.seeds) { outcome in
            if outcome.violation != nil { return outcome.story }
            guard Script.random(seed: outcome.seed).isHarmless, outcome.failed > 0 else { return nil }
            return "\(outcome.failed) requests were lost though nothing bad happened: \(outcome.story)"
        }
        for story in failures.prefix(3) { Issue.record("\(story)") }
        #expect(failures.count == 0)
    }

    @Test(arguments: [3, 17, 20, 88, 104] as [UInt64])
    func `the same seed tells the same story, to the line`(seed: UInt64) {
        let first = World.run(.random(seed: seed))
        let second = World.run(.random(seed: seed))
        #expect(first.transcript == second.transcript)
        #expect(first.transcript.count > 100)
        #expect(first.transcript != World.run(.random(seed: seed + 1)).transcript)
    }

    @Test func `the stories are about something`() async {
        let told = await judge(1...60) { outcome in
            outcome.transcript.compactMap { line in
                guard case .order(.note(let note)) = line.what else { return nil }
                return note.kind.rawValue
            }.joined(separator: " ")
        }.joined(separator: " ")
        let kinds = Set(told.split(separator: " ").map(String.init))
        // Random stories give a release no 10 s to get ready; `SabotageTests` has the story of that one.
        let elsewhere: [FleetNote.Kind] = [.rolloutFailed, .crashLoopEnded, .instanceNotReady]
        for kind in FleetNote.Kind.allCases where !elsewhere.contains(kind) {
            #expect(kinds.contains(kind.rawValue), "no story has \(kind.rawValue)")
        }
    }

    /// Runs the stories on two threads and gathers what `judge` has to say, in the order of the seeds.
    private func judge(
        _ seeds: ClosedRange<UInt64>, _ judge: @escaping @Sendable (SimulationOutcome) -> String?
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
