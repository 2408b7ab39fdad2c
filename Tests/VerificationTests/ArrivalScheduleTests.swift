// The open loop's due times: rates, ramps, both models, the same from the same seed.

import Testing
import Vocabulary

@testable import Verification

struct ArrivalScheduleTests {
    private func times(
        _ stages: [LoadStream.Stage], _ model: LoadStream.Model, until seconds: Double, seed: UInt64 = 1
    ) -> [Double] {
        var schedule = ArrivalSchedule(stages: stages, model: model, random: SeededRandom(seed: seed))
        var result: [Double] = []
        while case let next = Double(schedule.next()) / 1e9, next < seconds { result.append(next) }
        return result
    }

    private func steady(_ rate: Double) -> [LoadStream.Stage] { [LoadStream.Stage(from: rate, to: rate, length: nil)] }

    @Test func `spaces uniform arrivals evenly`() {
        let times = times(steady(200), .uniform, until: 10)
        #expect(times.count == 2000)
        #expect(zip(times, times.dropFirst()).allSatisfy { abs($1 - $0 - 0.005) < 1e-8 })
    }

    @Test func `draws Poisson gaps whose mean and spread are those of an exponential`() {
        let times = times(steady(1000), .poisson, until: 100)
        // The count has standard deviation √100,000 ≈ 316: four of them either side.
        #expect(abs(times.count - 100_000) < 1265)
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(gaps.count)
        #expect(abs(variance.squareRoot() / mean - 1) < 0.02)
        #expect(gaps.allSatisfy { $0 >= 0 })
    }

    @Test func `follows ramps along the integral of the rate, and holds the last rate`() {
        let stages = [
            LoadStream.Stage(from: 100, to: 100, length: .seconds(10)),
            LoadStream.Stage(from: 100, to: 300, length: .seconds(10)),
            LoadStream.Stage(from: 300, to: 300, length: nil),
        ]
        let times = times(stages, .uniform, until: 30)
        func count(_ range: Range<Double>) -> Int { times.filter { range.contains($0) }.count }
        #expect(abs(count(0..<10) - 1000) <= 1)
        #expect(abs(count(10..<15) - 750) <= 1)
        #expect(abs(count(15..<20) - 1250) <= 1)
        #expect(abs(count(20..<30) - 3000) <= 1)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `ramps down to the same count as up`() {
        let stages = [
            LoadStream.Stage(from: 300, to: 100, length: .seconds(10)), LoadStream.Stage(from: 1, to: 1, length: nil),
        ]
        #expect(abs(times(stages, .uniform, until: 10).count - 2000) <= 1)
    }

    @Test func `is the same for the same seed and another for another`() {
        #expect(times(steady(50), .poisson, until: 5, seed: 3) == times(steady(50), .poisson, until: 5, seed: 3))
        #expect(times(steady(50), .poisson, until: 5, seed: 3) != times(steady(50), .poisson, until: 5, seed: 4))
    }
}
