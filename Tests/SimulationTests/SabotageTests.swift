// Bad releases under load in a simulated world: what they cost.

import Fleet
import Health
import Lifecycle
import Rollouts
import Scaling
import Simulation
import Testing
import Vocabulary

struct SabotageTests {
    private func script(_ seed: UInt64, _ conduct: Conduct, _ steps: [(at: Duration, step: Script.Step)] = []) -> Script
    {
        Script(
            seed: seed,
            policy: FleetPolicy(
                bounds: ScalingBounds(min: 3, max: 3)!, lifecycle: LifecyclePolicy(startDeadline: .seconds(15)),
                rollout: RolloutPolicy(settle: .seconds(3))),
            conducts: [
                (ReleaseName("v1"), Conduct(exit: 0...0)), (ReleaseName("v2"), conduct),
            ],
            steps: [
                (.seconds(5), .load(20)), (.seconds(10), .command(.startRollout(ReleaseName("v2")))),
            ] + steps, calmFrom: .seconds(70), end: .seconds(200))
    }

    @Test(arguments: [
        (Conduct(crashesAtBoot: 1), "v2 failed to start 3 times in a row: exit code 1"),
        (Conduct(neverReady: true), "v2 did not become ready"),
    ])
    func `a release that never serves is undone without a lost request`(conduct: Conduct, reason: String) throws {
        for seed in UInt64(1)...5 {
            let outcome = World.run(script(seed, conduct))
            #expect(outcome.violation == nil, "\(outcome.story)")
            #expect(outcome.failed == 0, "seed \(seed)")
            #expect(outcome.answered > 1000)
            let record = try #require(outcome.report.rollout?.record)
            #expect(record.state == .undone)
            #expect(record.reason.contains(reason))
            let hasComplaint = outcome.transcript.contains { line in
                if case .order(.note(let note)) = line.what { note.kind == .instanceNotReady } else { false }
            }
            #expect(hasComplaint == conduct.neverReady)
        }
    }

    @Test func `a release that answers 500 is undone before it has answered many`() throws {
        for seed in UInt64(1)...5 {
            let outcome = World.run(script(seed, Conduct(failing: 1)))
            #expect(outcome.violation == nil, "\(outcome.story)")
            // 20 requests a second over four instances: the sample after the fifth failure ends it.
            #expect((5...20).contains(outcome.failed), "seed \(seed): \(outcome.failed)")
            #expect(try #require(outcome.report.rollout?.record).state == .undone)
        }
    }

    @Test func `a good release rolls out without a lost request, though its old one dies on SIGTERM`() throws {
        for seed in UInt64(1)...5 {
            let outcome = World.run(script(seed, Conduct()))
            #expect(outcome.violation == nil, "\(outcome.story)")
            #expect(outcome.failed == 0, "seed \(seed)")
            #expect(try #require(outcome.report.rollout?.record).state == .completed)
            #expect(outcome.report.stable == ReleaseName("v2"))
        }
    }

    @Test func `a rollout survives the death of the server at any of its orders`() throws {
        for seed in UInt64(1)...20 {
            let deaths = (0..<6).map { death in
                (at: Duration.milliseconds(10_500 + death * 3000), step: Script.Step.killServerWithinOrders)
            }
            let outcome = World.run(script(seed, Conduct(), deaths))
            #expect(outcome.violation == nil, "\(outcome.story)")
            #expect(try #require(outcome.report.rollout?.record).state == .completed)
        }
    }
}
