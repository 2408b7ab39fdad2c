// The arithmetic of a rolling update, row by row.

import Rollouts
import Testing
import Vocabulary

struct RollingBudgetTests {
    private func budget(surge: InstanceShare, unavailable: InstanceShare, desired: Int) -> RollingBudget {
        RollingBudget(RolloutPolicy(surge: surge, unavailable: unavailable), desired: desired)
    }

    private func step(
        surge: Int, unavailable: Int, _ census: RollingCensus, isProven: Bool = true, dropsUnavailable: Bool = false
    ) -> RollingStep {
        budget(surge: .count(surge), unavailable: .count(unavailable), desired: census.desired)
            .step(census, isProven: isProven, dropsUnavailable: dropsUnavailable)
    }

    private func census(
        _ desired: Int, fresh: Int, _ freshAvailable: Int, stale: Int, _ staleAvailable: Int, leaving: Int = 0
    ) -> RollingCensus {
        RollingCensus(
            desired: desired, fresh: fresh, freshAvailable: freshAvailable, stale: stale,
            staleAvailable: staleAvailable, all: fresh + stale + leaving)
    }

    @Test(arguments: [
        (InstanceShare.percent(25), InstanceShare.percent(25), 10, 3, 2),
        (.percent(25), .percent(25), 3, 1, 0),
        (.percent(25), .percent(25), 4, 1, 1),
        (.percent(100), .percent(0), 5, 5, 0),
        (.percent(1), .percent(0), 50, 1, 0),
        (.percent(0), .percent(10), 9, 0, 1),
        (.count(2), .count(1), 3, 2, 1),
        (.count(0), .count(0), 3, 0, 1),
        (.count(1), .count(9), 3, 1, 2),
        (.count(0), .count(9), 3, 0, 3),
        (.count(1), .percent(100), 1, 1, 0),
        (.count(0), .count(0), 1, 0, 1),
        (.count(1), .count(1), 0, 1, 0),
    ])
    func `surge rounds up, unavailable rounds down, never both to zero, and a surge keeps the last one serving`(
        surge: InstanceShare, unavailable: InstanceShare, desired: Int, surgeCount: Int, unavailableCount: Int
    ) {
        let budget = budget(surge: surge, unavailable: unavailable, desired: desired)
        #expect(budget.surge == surgeCount)
        #expect(budget.unavailable == unavailableCount)
    }

    @Test func `a surge of one starts one, and stops one only when that one counts`() {
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 0, 0, stale: 3, 3)) == RollingStep(spawnFresh: 1))
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 1, 0, stale: 3, 3)) == RollingStep())
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 3, 3)) == RollingStep(stopAvailable: 1))
    }

    @Test func `what still drains counts against the surge`() {
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 2, 2, leaving: 1)) == RollingStep())
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 2, 2)) == RollingStep(spawnFresh: 1))
    }

    @Test func `without surge one is stopped first and replaced when it is gone`() {
        #expect(step(surge: 0, unavailable: 0, census(3, fresh: 0, 0, stale: 3, 3)) == RollingStep(stopAvailable: 1))
        #expect(step(surge: 0, unavailable: 0, census(3, fresh: 0, 0, stale: 2, 2, leaving: 1)) == RollingStep())
        #expect(step(surge: 0, unavailable: 0, census(3, fresh: 0, 0, stale: 2, 2)) == RollingStep(spawnFresh: 1))
    }

    @Test func `surge and unavailable work together`() {
        #expect(
            step(surge: 2, unavailable: 2, census(10, fresh: 0, 0, stale: 10, 10))
                == RollingStep(spawnFresh: 2, stopAvailable: 2))
    }

    @Test func `unhealthy old ones go first`() {
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 3, 2)) == RollingStep(stopUnavailable: 1))
        #expect(
            step(surge: 2, unavailable: 1, census(4, fresh: 1, 1, stale: 5, 4))
                == RollingStep(stopUnavailable: 1, stopAvailable: 2))
    }

    @Test func `new ones that are not ready push no healthy old one out`() {
        #expect(step(surge: 3, unavailable: 0, census(3, fresh: 3, 0, stale: 3, 3)) == RollingStep())
        #expect(step(surge: 3, unavailable: 1, census(3, fresh: 3, 0, stale: 3, 3)) == RollingStep(stopAvailable: 1))
    }

    @Test func `an old release without instances is no obstacle`() {
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 0, 0, stale: 0, 0)) == RollingStep(spawnFresh: 3))
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 0, 0, stale: 0, 0), isProven: false)
                == RollingStep(spawnFresh: 3))
    }

    @Test func `an unproven release gets one surge of instances, and the old one fills other gaps`() {
        // One old one died, one new one boots: the next is an old one.
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 1, 0, stale: 2, 2), isProven: false)
                == RollingStep(spawnStale: 1))
        // Demand grew to 6.
        #expect(
            step(surge: 1, unavailable: 0, census(6, fresh: 1, 0, stale: 3, 3), isProven: false)
                == RollingStep(spawnStale: 3))
        // Proven, the new one fills them.
        #expect(
            step(surge: 1, unavailable: 0, census(6, fresh: 1, 1, stale: 3, 3), isProven: true)
                == RollingStep(spawnFresh: 3))
    }

    @Test func `in an undo what does not serve goes at once, and what serves waits for its replacement`() {
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 3, 1), dropsUnavailable: true)
                == RollingStep(stopUnavailable: 2))
        #expect(
            step(surge: 1, unavailable: 0, census(3, fresh: 1, 1, stale: 2, 2), dropsUnavailable: true)
                == RollingStep(spawnFresh: 1))
    }

    @Test func `nothing is to do when all is as it should be`() {
        #expect(step(surge: 1, unavailable: 0, census(3, fresh: 3, 3, stale: 0, 0)) == RollingStep())
        #expect(step(surge: 1, unavailable: 0, census(0, fresh: 0, 0, stale: 0, 0)) == RollingStep())
    }

    @Test func `every walk ends with the new release and never leaves the budget`() {
        for desired in 1...6 {
            for surge in 0...3 {
                for unavailable in 0...desired { walk(desired, surge, unavailable) }
            }
        }
    }

    /// Rolls over with instances that boot and stop one step after they were told to.
    private func walk(_ desired: Int, _ surge: Int, _ unavailable: Int) {
        let budget = budget(surge: .count(surge), unavailable: .count(unavailable), desired: desired)
        var (fresh, booting, stale, leaving) = (0, 0, desired, 0)
        for _ in 0..<100 where fresh < desired || stale + leaving > 0 {
            let census = RollingCensus(
                desired: desired, fresh: fresh + booting, freshAvailable: fresh, stale: stale, staleAvailable: stale,
                all: fresh + booting + stale + leaving)
            let step = budget.step(census, isProven: fresh > 0, dropsUnavailable: false)
            #expect(step.spawnStale == 0)
            leaving = step.stopAvailable
            stale -= step.stopAvailable
            fresh += booting
            booting = step.spawnFresh
            #expect(fresh + stale >= desired - budget.unavailable)
            #expect(census.all + step.spawnFresh <= desired + budget.surge)
        }
        #expect(fresh == desired && stale == 0, "\(desired) desired, surge \(surge), unavailable \(unavailable)")
    }
}
