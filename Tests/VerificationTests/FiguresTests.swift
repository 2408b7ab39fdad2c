// Numbers as they stand in reports.

import Testing

@testable import Verification

struct FiguresTests {
    @Test func `writes shares so that certainty is not rounded away`() {
        let shares: [(Double, String)] = [
            (0, "0 %"), (1, "100 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (0.99, "99 %"), (0.95, "95 %"),
            (0.2, "20 %"), (0.000457, "0.046 %"), (0.3333, "33 %"), (0.00001, "0.001 %"), (0.1, "10 %"), (0.5, "50 %"),
        ]
        for (share, text) in shares { #expect(Figures.percent(share) == text) }
    }

    @Test func `writes times with three digits and their unit`() {
        let times: [(Int64, String)] = [
            (0, "0 µs"), (850_400, "850 µs"), (1_240_000, "1.24 ms"), (12_340_000, "12.3 ms"), (123_400_000, "123 ms"),
            (2_500_000_000, "2.50 s"), (123_000_000_000, "123 s"),
        ]
        for (time, text) in times { #expect(Figures.time(nanoseconds: time) == text) }
    }

    @Test func `groups counts by thousands`() {
        #expect([0, 999, 1000, 1_234_567, -1000].map(Figures.count) == ["0", "999", "1,000", "1,234,567", "-1,000"])
    }
}
