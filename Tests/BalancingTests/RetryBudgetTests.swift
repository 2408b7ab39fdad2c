// How many retries a service may cost.
// The clock is a number, so nothing waits.

import Balancing
import Testing
import Vocabulary

@Suite struct RetryBudgetTests {
    private func retries(_ budget: inout RetryBudget, at now: Instant, tries: Int = 10_000) -> Int {
        (0..<tries).filter { _ in budget.takeRetry(now: now) }.count
    }

    @Test func `allows the floor without any traffic`() {
        var budget = RetryBudget(share: 0.2, floorPerSecond: 3)
        #expect(retries(&budget, at: .zero) == 30)
    }

    @Test func `allows a share of the requests of the window`() {
        var budget = RetryBudget(share: 0.2, floorPerSecond: 0)
        for second in 0..<10 {
            for _ in 0..<100 { budget.countRequest(now: .zero + .seconds(second)) }
        }
        #expect(retries(&budget, at: .zero + .seconds(9)) == 200)
    }

    @Test func `forgets requests and retries after ten seconds`() {
        var budget = RetryBudget(share: 0.5, floorPerSecond: 0)
        for _ in 0..<100 { budget.countRequest(now: .zero) }
        #expect(retries(&budget, at: .zero + .milliseconds(9_999)) == 50)
        #expect(retries(&budget, at: .zero + .seconds(10)) == 0)
        for _ in 0..<100 { budget.countRequest(now: .zero + .seconds(10)) }
        // The 50 retries of second 9 still count.
        #expect(retries(&budget, at: .zero + .seconds(10)) == 0)
        for _ in 0..<20 { budget.countRequest(now: .zero + .seconds(19)) }
        #expect(retries(&budget, at: .zero + .seconds(19)) == 60)
    }

    @Test func `forgets everything after a long silence`() {
        var budget = RetryBudget(share: 0, floorPerSecond: 3)
        #expect(retries(&budget, at: .zero) == 30)
        #expect(retries(&budget, at: .zero + .seconds(1_000_000)) == 30)
    }

    @Test func `takes a clock that stands still, goes back or starts anywhere`() {
        for start in [Int64.min, -1, 0, Int64.max - 20_000_000_000] {
            var budget = RetryBudget(share: 0, floorPerSecond: 3)
            let now = Instant(nanoseconds: start)
            #expect(retries(&budget, at: now) == 30)
            #expect(retries(&budget, at: now - .seconds(5)) == 0)
            #expect(retries(&budget, at: now + .seconds(11)) == 30)
        }
    }

    @Test func `takes nonsense for nothing`() {
        var budget = RetryBudget(share: .nan, floorPerSecond: -.infinity)
        budget.countRequest(now: .zero)
        #expect(retries(&budget, at: .zero) == 0)
    }
}
