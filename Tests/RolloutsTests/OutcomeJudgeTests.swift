// When a new release answers so badly that it is undone, and when chance is to blame.

import Rollouts
import Statistics
import Testing
import Vocabulary

struct OutcomeJudgeTests {
    private let policy = JudgePolicy()

    private func judge(fresh: (Int, Int), stale: (Int, Int)) -> JudgeVerdict? {
        var judge = OutcomeJudge(policy: policy)
        return judge.add(
            fresh: Tally(failures: fresh.0, requests: fresh.1), stale: Tally(failures: stale.0, requests: stale.1),
            policy: policy)
    }

    @Test(arguments: [
        ((5, 5), (0, 30), true), ((5, 9), (0, 0), true), ((6, 10), (4, 100), true),
        // Too few, too small a share, or the old one fails as well.
        ((4, 4), (0, 30), false), ((5, 10), (0, 12), false), ((6, 10), (5, 100), false),
    ])
    func `most answers failing is enough, without any statistics, while the old release is well`(
        fresh: (Int, Int), stale: (Int, Int), isUseless: Bool
    ) {
        let verdict = judge(fresh: fresh, stale: stale)
        if case .useless = verdict { #expect(isUseless) } else { #expect(!isUseless, "\(verdict as Any)") }
    }

    @Test func `one failing answer in five is worse than none`() {
        guard case .worse = judge(fresh: (20, 100), stale: (0, 300)) else {
            Issue.record("not seen")
            return
        }
    }

    @Test func `failing as often as the old release is not worse`() {
        #expect(judge(fresh: (30, 100), stale: (90, 300)) == nil)
        #expect(judge(fresh: (60, 100), stale: (180, 300)) == nil)
    }

    @Test func `a handful of failures among many may be chance`() {
        #expect(judge(fresh: (2, 100), stale: (0, 300)) == nil)
    }

    @Test func `the first look waits for twenty requests and each next one for half as many again`() {
        var judge = OutcomeJudge(policy: policy)
        var looks: [Int] = []
        for request in 1...200 {
            _ = judge.add(fresh: Tally(requests: 1), stale: Tally(requests: 1), policy: policy)
            if judge.looks > looks.count { looks.append(request) }
        }
        #expect(looks == [20, 30, 45, 67, 100, 150])
    }

    @Test func `a release as good as the old one is undone in less than one of a thousand rollouts`() {
        // 4,000 rollouts of 400 requests, 2 % of either release failing: at 1e-3 in all, 4 false alarms are expected
        // at most, and more than 14 come up once in 20,000 runs.
        var random = SeededRandom(seed: 20_261_121)
        var alarms = 0
        for _ in 0..<4000 {
            var judge = OutcomeJudge(policy: policy)
            for _ in 0..<40 {
                let fresh = (0..<10).count { _ in random.unit() < 0.02 }
                let stale = (0..<30).count { _ in random.unit() < 0.02 }
                if judge.add(
                    fresh: Tally(failures: fresh, requests: 10), stale: Tally(failures: stale, requests: 30),
                    policy: policy) != nil
                {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms <= 14)
    }

    @Test func `a release that fails one request in ten is found out within 200`() {
        var random = SeededRandom(seed: 5)
        var missed = 0
        for _ in 0..<200 {
            var judge = OutcomeJudge(policy: policy)
            let isFound = (0..<20).contains { _ in
                let failures = (0..<10).count { _ in random.unit() < 0.1 }
                return judge.add(
                    fresh: Tally(failures: failures, requests: 10), stale: Tally(requests: 30), policy: policy) != nil
            }
            if !isFound { missed += 1 }
        }
        #expect(missed <= 2)
    }

    @Test func `the last look judges what came in since the one before`() {
        var judge = OutcomeJudge(policy: policy)
        #expect(
            judge.add(fresh: Tally(failures: 0, requests: 20), stale: Tally(requests: 60), policy: policy) == nil)
        #expect(judge.add(fresh: Tally(failures: 8, requests: 9), stale: Tally(requests: 60), policy: policy) == nil)
        #expect(judge.looks == 1)
        guard case .worse = judge.lastLook(policy: policy) else {
            Issue.record("not seen")
            return
        }
    }

    @Test func `a pardon forgets the outcomes but not how much of alpha is spent`() {
        var judge = OutcomeJudge(policy: policy)
        _ = judge.add(fresh: Tally(failures: 3, requests: 25), stale: Tally(requests: 60), policy: policy)
        judge.pardon(policy: policy)
        #expect(judge.fresh == Tally())
        #expect(judge.looks == 1)
    }
}
