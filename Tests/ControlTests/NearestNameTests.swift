// Suggestions for misspelt names.

import Testing
import Vocabulary

struct NearestNameTests {
    @Test(arguments: [
        ("docuemnts", "documents"), ("document", "documents"), ("DOCUMENTS", "documents"), ("shp", "shop"),
        ("sohp", "shop"), ("shops", "shop"), ("ships", nil), ("paper", nil), ("", nil), ("xyz", nil),
    ])
    func `finds the name that was meant`(typed: String, meant: String?) {
        #expect(NearestName.of(typed, among: ["shop", "documents"]) == meant)
    }

    @Test func `does not compare what nobody typed`() {
        let long = String(repeating: "a", count: 1_000_000)
        #expect(NearestName.of(long, among: [long]) == nil)
    }
}
