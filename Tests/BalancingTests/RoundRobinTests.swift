// The order in which smooth weighted round robin picks.

import Balancing
import Testing

@Suite struct RoundRobinTests {
    @Test func `spreads the heavy backend between the light ones as nginx does`() {
        var balancer = RoundRobin(weights: [5, 1, 1])
        let picks = (0..<7).map { _ in balancer.next { _ in true } }
        #expect(picks == [0, 0, 1, 0, 2, 0, 0])
    }
}
