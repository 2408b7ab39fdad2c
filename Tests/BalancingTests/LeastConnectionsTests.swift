// Which backend has the least to do.
// And whose turn it is among equals.

import Balancing
import Testing
import Vocabulary

@Suite struct LeastConnectionsTests {
    @Test func `takes the least loaded`() {
        var balancer = LeastConnections(weights: [1, 1, 1])
        let loads = [3, 1, 2]
        #expect(balancer.next(inFlight: { loads[$0] }, isEligible: { _ in true }) == 1)
        #expect(balancer.next(inFlight: { loads[$0] }, isEligible: { $0 != 1 }) == 2)
    }

    @Test func `goes round among equals`() {
        var balancer = LeastConnections(weights: [1, 1, 1])
        let picks = (0..<7).map { _ in balancer.next(inFlight: { _ in 4 }, isEligible: { _ in true }) }
        #expect(picks == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func `weighs loads by capacity`() {
        var balancer = LeastConnections(weights: [4, 1])
        let loads = [7, 2]
        // 7/4 < 2/1
        #expect(balancer.next(inFlight: { loads[$0] }, isEligible: { _ in true }) == 0)
    }

    @Test func `has no choice when nothing is eligible`() {
        var balancer = LeastConnections(weights: [1, 1])
        #expect(balancer.next(inFlight: { _ in 0 }, isEligible: { _ in false }) == nil)
        var empty = LeastConnections(weights: [])
        #expect(empty.next(inFlight: { _ in 0 }, isEligible: { _ in true }) == nil)
    }

    @Test func `asks for each load once`() {
        var balancer = LeastConnections(weights: [1, 1, 1])
        var asked: [Int] = []
        _ = balancer.next(
            inFlight: {
                asked.append($0)
                return 0
            }, isEligible: { $0 != 1 })
        #expect(asked.sorted() == [0, 2])
    }

    /// Requests come and go at random; the picked one never has a higher load for its weight than another.
    @Test func `never takes a backend that is busier for its weight`() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let weights = (0..<5).map { _ in Int.random(in: 1...4, using: &random) }
            var balancer = LeastConnections(weights: weights)
            var loads = [0, 0, 0, 0, 0]
            for _ in 0..<100 {
                let pick = balancer.next(inFlight: { loads[$0] }, isEligible: { $0 != 3 })!
                for index in [0, 1, 2, 4] { #expect(loads[pick] * weights[index] <= loads[index] * weights[pick]) }
                loads[pick] += 1
                let done = Int.random(in: 0..<5, using: &random)
                loads[done] = max(0, loads[done] - Int.random(in: 0...1, using: &random))
            }
        }
    }
}
