// What a pool learns of a backend's idle timer.

import Balancing
import Testing
import Vocabulary

@Suite struct IdleLimitTests {
    /// What was seen: a connection that ended at an age, at a moment; or what the backend said.
    enum Sight: Sendable {
        /// Milliseconds.
        case end(age: Int, at: Int)
        case said(UInt64)
    }

    private static func limit(_ sights: [Sight]) -> IdleLimit {
        var limit = IdleLimit()
        for sight in sights {
            switch sight {
            case .end(let age, let moment): limit.sawEnd(afterIdle: .milliseconds(age), now: at(moment))
            case .said(let seconds): limit.announced(seconds: seconds)
            }
        }
        return limit
    }

    private static func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    /// Name, what was seen, and for how many milliseconds a connection may be idle 60 s after the clock's zero.
    static let cases: [(name: String, sights: [Sight], usable: Int?)] = [
        ("nothing", [], nil),
        ("one end", [.end(age: 2000, at: 0)], nil),
        ("two ends", [.end(age: 2000, at: 0), .end(age: 2000, at: 1000)], nil),
        ("three ends alike", [.end(age: 2000, at: 0), .end(age: 2000, at: 1000), .end(age: 2000, at: 2000)], 1750),
        ("the shortest counts", [.end(age: 2400, at: 0), .end(age: 2000, at: 1000), .end(age: 2100, at: 2000)], 1750),
        ("a restart ends many at once", (0..<50).map { .end(age: 2000, at: $0 * 3) }, nil),
        ("ends at any age", [.end(age: 500, at: 0), .end(age: 3000, at: 1000), .end(age: 1200, at: 2000)], nil),
        (
            "a stray one begins anew",
            [
                .end(age: 2000, at: 0), .end(age: 2000, at: 1000), .end(age: 600, at: 2000), .end(age: 2000, at: 3000),
                .end(age: 2000, at: 4000),
            ], nil
        ),
        ("too young for a timer", (0..<9).map { .end(age: 249, at: $0 * 1000) }, nil),
        ("the youngest timer", (0..<3).map { .end(age: 250, at: $0 * 1000) }, 150),
        (
            "a shorter timer is learned later",
            (0..<3).map { .end(age: 4000, at: $0 * 1000) } + (3..<6).map { .end(age: 1000, at: $0 * 1000) }, 875
        ),
        (
            "and a longer one",
            (0..<3).map { .end(age: 1000, at: $0 * 1000) } + (3..<6).map { .end(age: 4000, at: $0 * 1000) }, 3500
        ),
        (
            "a stray one takes back nothing",
            (0..<3).map { .end(age: 1000, at: $0 * 1000) } + [.end(age: 3000, at: 9000)], 875
        ),
        ("said", [.said(5)], 4375),
        ("said shortly", [.said(1)], 875),
        ("said again", [.said(5), .said(2)], 1750),
        ("said longer again", [.said(2), .said(5)], 4375),
        ("said zero", [.said(0)], 0),
        ("said forever", [.said(.max)], (1 << 32) * 875),
        ("said, and seen sooner", [.said(5)] + (0..<3).map { .end(age: 1000, at: $0 * 1000) }, 875),
        ("said, and seen later", [.said(1)] + (0..<3).map { .end(age: 4000, at: $0 * 1000) }, 875),
    ]

    @Test(arguments: cases)
    func `learns by agreement, and believes what is said`(_ sample: (name: String, sights: [Sight], usable: Int?)) {
        let limit = Self.limit(sample.sights)
        #expect(limit.usable(now: Self.at(60_000)) == sample.usable.map { .milliseconds($0) }, "\(sample.name)")
    }

    @Test func `forgets what it has learned after a while, but not what was said`() {
        let learned = (0..<3).map { Sight.end(age: 1000, at: $0 * 1000) }
        let end = Self.at(2000) + IdleLimit.memory
        #expect(Self.limit(learned).usable(now: end - .nanoseconds(1)) == .milliseconds(875))
        #expect(Self.limit(learned).usable(now: end) == nil)
        #expect(Self.limit([.said(2)] + learned).usable(now: end) == .milliseconds(1750))
    }

    /// A timer that looks once a second, as many servers do, at connections that come at any time.
    @Test func `stops short of a backend that looks for idle connections now and then`() {
        var random = SeededRandom(seed: 7)
        var limit = IdleLimit()
        for round in 1...20 {
            let age = 5000 + Int.random(in: 0...1000, using: &random)
            limit.sawEnd(afterIdle: .milliseconds(age), now: Self.at(round * 7000))
        }
        let usable = limit.usable(now: Self.at(140_000))
        #expect(usable.map { $0 < .seconds(5) && $0 > .seconds(4) } == true, "\(String(describing: usable))")
    }
}
