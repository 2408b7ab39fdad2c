// The wheel is never early, and late by one bucket at most.

import EventLoop
import Testing
import Vocabulary

@Suite struct TimerWheelTests {
    private func milliseconds(_ count: Int64) -> Instant { Instant(nanoseconds: count * 1_000_000) }

    /// Every slot that is told by `advance` and then taken, in order.
    private func expired(_ wheel: inout TimerWheel, at now: Instant) -> [UInt32] {
        var told: [UInt32] = []
        wheel.advance(to: now) { told.append($0) }
        return told.filter { wheel.take($0, now: now) }
    }

    @Test func `a deadline is told once, not before its time and at most two buckets after it`() {
        var wheel = TimerWheel(slotsMax: 8, now: .zero)
        wheel.prepare(3)
        wheel.set(3, milliseconds(100))
        #expect(expired(&wheel, at: milliseconds(99)).isEmpty)
        #expect(expired(&wheel, at: milliseconds(109)) == [3])
        #expect(expired(&wheel, at: milliseconds(500)).isEmpty)
    }

    @Test func `a deadline moved later is not told at its former time`() {
        var wheel = TimerWheel(slotsMax: 8, now: .zero)
        wheel.prepare(0)
        wheel.set(0, milliseconds(50))
        wheel.set(0, milliseconds(500))
        #expect(expired(&wheel, at: milliseconds(400)).isEmpty)
        #expect(expired(&wheel, at: milliseconds(510)) == [0])
    }

    @Test func `a deadline moved closer is told at its new time`() {
        var wheel = TimerWheel(slotsMax: 8, now: .zero)
        wheel.prepare(0)
        wheel.set(0, milliseconds(30_000))
        wheel.set(0, milliseconds(50))
        #expect(expired(&wheel, at: milliseconds(60)) == [0])
    }

    @Test func `a deadline beyond one round of the wheel waits for its own round`() {
        var wheel = TimerWheel(slotsMax: 8, now: .zero)
        wheel.prepare(0)
        wheel.set(0, milliseconds(20_000))
        for step in 1..<20 {
            #expect(expired(&wheel, at: milliseconds(Int64(step) * 1000)).isEmpty)
        }
        #expect(expired(&wheel, at: milliseconds(20_010)) == [0])
    }

    @Test func `the wait ends with the next bucket that holds something`() {
        var wheel = TimerWheel(slotsMax: 8, now: .zero)
        #expect(wheel.millisecondsToNext(now: .zero) == -1)
        wheel.prepare(0)
        wheel.set(0, milliseconds(100))
        let wait = Int64(wheel.millisecondsToNext(now: .zero))
        #expect((100...110).contains(wait))
        #expect(expired(&wheel, at: milliseconds(wait)) == [0])
    }

    @Test func `seeded deadlines are all told, in their order`() {
        var random = SeededRandom(seed: 7)
        var wheel = TimerWheel(slotsMax: 1024, now: .zero)
        var due: [UInt32: Int64] = [:]
        for slot in UInt32(0)..<1000 {
            wheel.prepare(slot)
            // Some are set twice, some cleared.
            wheel.set(slot, milliseconds(Int64(random.next() % 30_000)))
            let time = Int64(random.next() % 30_000)
            wheel.set(slot, milliseconds(time))
            due[slot] = time
            if slot % 10 == 0 {
                wheel.clear(slot)
                due[slot] = nil
            }
        }
        var now: Int64 = 0
        while !due.isEmpty, now < 31_000 {
            now += Int64(random.next() % 50)
            for slot in expired(&wheel, at: milliseconds(now)) {
                let time = due.removeValue(forKey: slot)
                #expect(time != nil && time! <= now)
            }
            #expect(due.values.allSatisfy { $0 > now - 60 })
        }
        #expect(due.isEmpty)
    }
}
