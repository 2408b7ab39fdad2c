// Target tracking on requests in flight: how fast up, how slowly down, and when not at all.

import Scaling
import Testing
import Vocabulary

/// A scaler fed twice a second with a constant load per stretch.
private struct Track {
    var scaler: Scaler
    var now = Instant.zero
    var ready: Int?
    var isRollingOut = false
    var held = 0

    init(_ bounds: (Int, Int), from desired: Int, policy: ScalingPolicy = ScalingPolicy()) {
        scaler = Scaler(
            policy: policy, bounds: ScalingBounds(min: bounds.0, max: bounds.1)!, desired: desired, now: .zero)
    }

    /// Feeds `load` in flight for `seconds` and gives the sizes decided on the way.
    @discardableResult
    mutating func feed(_ load: Double, for seconds: Int) -> [Int] {
        (0..<seconds * 2).map { _ in
            let next = now + .milliseconds(500)
            scaler.observe(average: load, from: now, to: next)
            now = next
            return scaler.decide(
                ScalingSituation(ready: ready ?? scaler.desired, isRollingOut: isRollingOut, held: held), now: now
            ).desired
        }
    }
}

struct ScalerTests {
    @Test func `it wants one instance per so many requests in flight, rounded up`() {
        var track = Track((1, 20), from: 1)
        track.feed(35, for: 30)
        #expect(track.scaler.desired == 4)
        #expect(track.scaler.decision.reason == "4: 35 in flight after a jump, 10 per instance")
    }

    @Test func `a burst is answered within two seconds`() {
        var track = Track((2, 8), from: 2)
        track.feed(5, for: 60)
        let sizes = track.feed(60, for: 2)
        #expect(sizes.last == 6)
    }

    @Test func `growth is at most double or four, whichever is more, in two seconds`() {
        var track = Track((1, 100), from: 1)
        let sizes = track.feed(900, for: 12)
        #expect(sizes[0] == 5)
        for index in sizes.indices {
            let before = index < 4 ? 1 : sizes[index - 4]
            #expect(sizes[index] <= before + max(before, 4))
        }
        #expect(sizes.last == 90)
    }

    @Test func `a rise that is no jump is followed by the stable window, without delay`() {
        var track = Track((1, 20), from: 4)
        track.feed(40, for: 60)
        let sizes = track.feed(60, for: 60)
        #expect(sizes.first == 4)
        #expect(sizes.contains(5))
        #expect(sizes.last == 6)
    }

    @Test(arguments: [(40.0, 4), (43.9, 4), (36.1, 4), (44.5, 5)])
    func `demand within a tenth of the present size changes nothing`(load: Double, expected: Int) {
        var track = Track((1, 20), from: 4)
        track.feed(load, for: 400)
        #expect(track.scaler.desired == expected)
    }

    @Test func `it never leaves its bounds`() {
        var track = Track((2, 6), from: 3)
        #expect(track.feed(1e12, for: 60).allSatisfy { $0 <= 6 })
        #expect(track.feed(0, for: 4000).allSatisfy { $0 >= 2 })
        #expect(track.scaler.desired == 2)
    }

    @Test func `it shrinks only to what the last five minutes needed`() {
        var track = Track((1, 20), from: 6)
        track.feed(60, for: 400)
        let held = track.feed(20, for: 290)
        #expect(held.allSatisfy { $0 == 6 })
        let falling = track.feed(20, for: 400)
        #expect(falling.last == 2)
        #expect(track.scaler.decision.reason == "2: 20 in flight, 10 per instance")
    }

    @Test func `a short quiet spell does not shrink it`() {
        var track = Track((1, 20), from: 6)
        track.feed(60, for: 400)
        for _ in 0..<10 {
            #expect(track.feed(20, for: 120).allSatisfy { $0 == 6 })
            #expect(track.feed(60, for: 60).allSatisfy { $0 == 6 })
        }
    }

    @Test(arguments: [(6, 1), (40, 4)])
    func `it shrinks by at most one or a tenth in a minute`(size: Int, step: Int) {
        var track = Track((1, 100), from: size)
        track.feed(Double(size) * 10, for: 400)
        let sizes = track.feed(Double(size) * 3, for: 1200)
        for index in sizes.indices.dropFirst(120) {
            #expect(sizes[index] >= sizes[index - 119] - step)
        }
        #expect(sizes.last! < size)
    }

    @Test func `nothing shrinks during a rollout`() {
        var track = Track((1, 20), from: 6)
        track.feed(60, for: 100)
        track.isRollingOut = true
        #expect(track.feed(20, for: 1000).allSatisfy { $0 == 6 })
        #expect(track.scaler.decision.reason.contains("nothing shrinks during a rollout"))
        track.isRollingOut = false
        track.feed(20, for: 400)
        #expect(track.scaler.desired < 6)
    }

    @Test func `nothing shrinks in the first stable window after a start`() {
        var policy = ScalingPolicy()
        policy.downStabilisation = .seconds(5)
        policy.downPeriod = .seconds(1)
        var track = Track((1, 20), from: 6, policy: policy)
        #expect(track.feed(10, for: 59).allSatisfy { $0 == 6 })
        #expect(track.feed(10, for: 60).last! < 6)
    }

    @Test func `nothing shrinks within a stable window of a jump`() {
        var policy = ScalingPolicy()
        policy.downStabilisation = .seconds(5)
        policy.downPeriod = .seconds(1)
        policy.cliffShare = 0
        var track = Track((1, 20), from: 2, policy: policy)
        track.feed(10, for: 100)
        track.feed(80, for: 5)
        let size = track.scaler.desired
        #expect(size >= 8)
        // The jump was over when the size had caught up, at most 3 s before.
        #expect(track.feed(10, for: 55).allSatisfy { $0 >= size })
        #expect(track.feed(10, for: 120).last! < size)
    }

    @Test func `a cliff keeps the size for one window more than a decline`() {
        var cliff = Track((1, 20), from: 6)
        cliff.feed(60, for: 400)
        #expect(cliff.feed(0, for: 590).allSatisfy { $0 == 6 })
        #expect(cliff.scaler.decision.reason.contains("outage"))
        cliff.feed(0, for: 600)
        #expect(cliff.scaler.desired < 6)
    }

    @Test func `demand that comes back after a cliff ends it`() {
        var track = Track((1, 20), from: 6)
        track.feed(60, for: 400)
        track.feed(0, for: 30)
        track.feed(30, for: 500)
        #expect(track.scaler.desired < 6)
    }

    @Test func `a held request asks for an instance where there is none`() {
        var track = Track((0, 4), from: 0)
        track.feed(0, for: 10)
        #expect(track.scaler.desired == 0)
        track.held = 1
        #expect(track.feed(0, for: 1).first == 1)
    }

    @Test func `the last instance goes only after a whole window without any traffic`() {
        var policy = ScalingPolicy()
        policy.downStabilisation = .seconds(10)
        policy.downPeriod = .seconds(1)
        var track = Track((0, 4), from: 1, policy: policy)
        track.feed(1, for: 120)
        #expect(track.feed(0, for: 59).allSatisfy { $0 == 1 })
        #expect(track.feed(0, for: 60).last == 0)
    }

    @Test func `equal bounds fix the size, whatever the load`() {
        var track = Track((3, 3), from: 7)
        #expect(track.scaler.desired == 3)
        #expect(track.feed(1000, for: 60).allSatisfy { $0 == 3 })
        #expect(track.scaler.decision.reason == "3: fixed")
    }

    @Test func `new bounds act at once, by any number`() {
        var track = Track((1, 20), from: 10)
        track.feed(100, for: 60)
        track.scaler.setBounds(ScalingBounds(min: 2, max: 3)!, now: track.now)
        #expect(track.scaler.desired == 3)
        track.scaler.setBounds(ScalingBounds(min: 15, max: 20)!, now: track.now)
        #expect(track.scaler.desired == 15)
    }

    @Test func `an average is of time, not of samples`() {
        var scaler = Scaler(
            policy: ScalingPolicy(), bounds: ScalingBounds(min: 1, max: 20)!, desired: 2, now: .zero)
        // A spike of 100 in flight for 10 ms among 60 s of 20 is nothing.
        scaler.observe(average: 20, from: .zero, to: .zero + .milliseconds(59_990))
        scaler.observe(average: 100, from: .zero + .milliseconds(59_990), to: .zero + .seconds(60))
        let situation = ScalingSituation(ready: 2, isRollingOut: false, held: 0)
        #expect(scaler.decide(situation, now: .zero + .seconds(60)).desired == 2)
    }

    @Test(arguments: [(-1, 2), (3, 2)])
    func `bounds that make no sense are none`(min: Int, max: Int) {
        #expect(ScalingBounds(min: min, max: max) == nil)
    }
}
