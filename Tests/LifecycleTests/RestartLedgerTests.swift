// How soon the dead are replaced, and when a release is given up on.

import Lifecycle
import Testing
import Vocabulary

struct RestartLedgerTests {
    private func ledger(_ seed: UInt64 = 1) -> RestartLedger {
        RestartLedger(policy: RestartPolicy(), random: SeededRandom(seed: seed))
    }

    private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test(arguments: [(0, 0.2), (1, 0.4), (2, 0.8), (5, 6.4), (7, 25.6), (8, 30), (9, 30), (60, 30)])
    func `the wait doubles with each failure in a row up to 30 s, spread over its upper half`(
        failures: Int, seconds: Double
    ) throws {
        for seed in UInt64(0)..<50 {
            var ledger = ledger(seed)
            _ = ledger.failed(attempt: failures, readyFor: .zero, reason: "exit code 1", now: .zero)
            let wait = try #require(ledger.waiting.first)
            #expect((wait.until - .zero).inSeconds >= seconds / 2 - 1e-9)
            #expect((wait.until - .zero).inSeconds <= seconds + 1e-9)
            #expect(wait.attempt == failures + 1)
        }
    }

    @Test func `waits differ, so that instances do not restart in step`() {
        let waits = (UInt64(0)..<20).map { seed in
            var ledger = ledger(seed)
            _ = ledger.failed(attempt: 3, readyFor: .zero, reason: "", now: .zero)
            return ledger.waiting[0].until
        }
        #expect(Set(waits).count == 20)
    }

    @Test func `sixty seconds of readiness make the next crash a first one`() {
        var ledger = ledger()
        _ = ledger.failed(attempt: 6, readyFor: .seconds(59), reason: "", now: .zero)
        #expect(ledger.waiting[0].attempt == 7)
        ledger = self.ledger()
        _ = ledger.failed(attempt: 6, readyFor: .seconds(60), reason: "", now: .zero)
        #expect(ledger.waiting[0].attempt == 1)
    }

    @Test func `a missing instance waits out its back-off and then continues its line`() {
        var ledger = ledger()
        _ = ledger.failed(attempt: 2, readyFor: .zero, reason: "", now: .zero)
        #expect(ledger.allowance(deficit: 1, starting: 0, now: .zero) == 0)
        #expect(ledger.nextDeadline(after: .zero) == ledger.waiting[0].until)
        #expect(ledger.allowance(deficit: 1, starting: 0, now: at(800)) == 1)
        #expect(ledger.takeAttempt(now: at(800)) == 3)
        #expect(ledger.waiting.isEmpty)
    }

    @Test func `an instance that was never there needs no back-off`() {
        var ledger = ledger()
        _ = ledger.failed(attempt: 5, readyFor: .zero, reason: "", now: .zero)
        #expect(ledger.allowance(deficit: 3, starting: 0, now: .zero) == 2)
        #expect(ledger.takeAttempt(now: .zero) == 0)
    }

    @Test func `what nobody misses any more is not waited for`() {
        var ledger = ledger()
        for _ in 0..<3 { _ = ledger.failed(attempt: 0, readyFor: .zero, reason: "", now: .zero) }
        #expect(ledger.allowance(deficit: 1, starting: 0, now: .zero) == 0)
        #expect(ledger.waiting.count == 1)
    }

    @Test func `five crashes within a minute make a release crash-looping`() {
        var ledger = ledger()
        for crash in 0..<4 {
            let loops = ledger.failed(attempt: crash, readyFor: .zero, reason: "", now: at(crash * 1000))
            #expect(!loops)
        }
        let fifth = ledger.failed(attempt: 4, readyFor: .zero, reason: "", now: at(60_000))
        #expect(fifth)
        #expect(ledger.isCrashLooping)
        let again = ledger.failed(attempt: 5, readyFor: .zero, reason: "", now: at(61_000))
        #expect(!again, "it is said once")
    }

    @Test func `five crashes over more than a minute do not`() {
        var ledger = ledger()
        for crash in 0..<20 {
            let loops = ledger.failed(attempt: 0, readyFor: .zero, reason: "", now: at(crash * 15_001))
            #expect(!loops)
        }
    }

    @Test func `a crash-looping release gets one trial at a time, half to one maximal back-off after its last crash`() {
        var ledger = ledger()
        for _ in 0..<5 { _ = ledger.failed(attempt: 0, readyFor: .zero, reason: "", now: .zero) }
        #expect(ledger.allowance(deficit: 5, starting: 0, now: at(14_999)) == 0)
        #expect(ledger.allowance(deficit: 5, starting: 0, now: at(30_000)) == 1)
        #expect(ledger.allowance(deficit: 5, starting: 1, now: at(30_000)) == 0)
    }

    @Test func `a trial that becomes ready lets the next one start at once`() {
        var ledger = ledger()
        for _ in 0..<5 { _ = ledger.failed(attempt: 0, readyFor: .zero, reason: "", now: .zero) }
        ledger.becameReady(now: at(2000))
        #expect(ledger.allowance(deficit: 4, starting: 0, now: at(2000)) == 1)
    }

    @Test func `a crash loop ends after a quiet minute with a ready instance`() {
        var ledger = ledger()
        for _ in 0..<5 { _ = ledger.failed(attempt: 0, readyFor: .zero, reason: "", now: .zero) }
        #expect(ledger.loopEnd == at(60_000))
        let early = ledger.settle(hasReady: true, now: at(59_999))
        let without = ledger.settle(hasReady: false, now: at(60_000))
        let ended = ledger.settle(hasReady: true, now: at(60_000))
        #expect(!early && !without && ended)
        #expect(!ledger.isCrashLooping)
    }
}
