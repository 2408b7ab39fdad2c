// `N|MIN..MAX`.

import Testing

@testable import portico

struct InstanceRangeTests {
    @Test(arguments: [("3", 3, 3), ("0", 0, 0), ("2..8", 2, 8), ("0..10000", 0, 10_000), ("007", 7, 7)])
    func `reads a number or a range`(text: String, min: Int, max: Int) {
        let range = InstanceRange(argument: text)
        #expect(range?.min == min)
        #expect(range?.max == max)
    }

    @Test(arguments: [
        "", "..", "2..", "..8", "8..2", "2...8", "2-8", "-1", "-1..2", "+1", "1.5", "10001", "99999999999999999999",
        "٣",
        " 3", "3..4..5",
    ])
    func `refuses everything else`(text: String) {
        #expect(InstanceRange(argument: text) == nil)
    }

    @Test func `prints what it reads`() {
        #expect(InstanceRange(argument: "2..8")?.description == "2..8")
        #expect(InstanceRange(argument: "4..4")?.description == "4")
        #expect(InstanceRange.one.description == "1")
    }
}
