// Time stamps against dates that are known, not against another implementation.

import Telemetry
import Testing

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"),
        (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (951_868_800_000_001, "2000-03-01T00:00:00.000001Z"),
        (1_795_241_500_123_456, "2026-11-21T06:11:40.123456Z"),
        // 2100 is no leap year.
        (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ])
    func `prints RFC 3339 in UTC with microseconds`(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test func `texts sort as the moments do`() {
        let moments = (0..<500).map { Timestamp(microseconds: 1_700_000_000_000_000 + $0 * 7_919_123_457) }
        #expect(moments.map(\.description).sorted() == moments.map(\.description))
    }

    @Test func `the clock moves on`() {
        let first = Timestamp.now()
        #expect(Timestamp.now() >= first)
        #expect(first.description > "2024")
    }
}
