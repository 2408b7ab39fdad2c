// The order and the shares in which smooth weighted round robin picks.
// Source of the expected orders: nginx' algorithm, by hand.

import Balancing
import Testing
import Vocabulary

@Suite struct RoundRobinTests {
    private func picks(_ count: Int, _ balancer: inout RoundRobin, from eligible: Set<Int>? = nil) -> [Int?] {
        (0..<count).map { _ in balancer.next { eligible?.contains($0) ?? true } }
    }

    @Test func `takes equal backends in turn`() {
        var balancer = RoundRobin(weights: [1, 1, 1])
        #expect(picks(7, &balancer) == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func `spreads the heavy backend between the light ones as nginx does`() {
        var balancer = RoundRobin(weights: [5, 1, 1])
        #expect(picks(14, &balancer) == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
    }

    @Test func `gives each backend its share within one pick at every moment`() {
        let weights = [7, 3, 1, 1]
        var balancer = RoundRobin(weights: weights)
        var counts = [0, 0, 0, 0]
        for turn in 1...1200 {
            counts[balancer.next { _ in true }!] += 1
            for index in weights.indices {
                #expect(abs(Double(counts[index]) - Double(turn * weights[index]) / 12) <= 1)
            }
        }
        #expect(counts == [700, 300, 100, 100])
    }

    @Test func `leaves out what is not eligible and shares among the rest`() {
        var balancer = RoundRobin(weights: [1, 1, 1])
        #expect(picks(4, &balancer, from: [0, 2]) == [0, 2, 0, 2])
        #expect(picks(2, &balancer, from: [1]) == [1, 1])
        #expect(picks(1, &balancer, from: []) == [nil])
    }

    @Test func `gives a backend that comes back no burst`() {
        var balancer = RoundRobin(weights: [1, 1, 1])
        _ = picks(1000, &balancer, from: [0, 1])
        let after = picks(30, &balancer)
        for index in 0..<3 { #expect(after.filter { $0 == index }.count == 10) }
        for start in 0..<28 { #expect(Set(after[start..<start + 3].map { $0! }).count >= 2) }
    }

    @Test func `has no choice without backends`() {
        var balancer = RoundRobin(weights: [])
        #expect(balancer.next { _ in true } == nil)
    }

    @Test func `survives weights out of range`() {
        var balancer = RoundRobin(weights: [0, -5, .max])
        let counts = picks(65_537, &balancer).reduce(into: [0, 0, 0]) { $0[$1!] += 1 }
        #expect(counts == [1, 1, 65_535])
    }

    /// Any weights: over one period every backend is picked exactly its weight.
    @Test func `is exact over a period for any weights`() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            let weights = (0..<Int.random(in: 1...8, using: &random)).map { _ in Int.random(in: 1...20, using: &random)
            }
            var balancer = RoundRobin(weights: weights)
            var counts = weights.map { _ in 0 }
            for _ in 0..<weights.reduce(0, +) { counts[balancer.next { _ in true }!] += 1 }
            #expect(counts == weights)
        }
    }
}
