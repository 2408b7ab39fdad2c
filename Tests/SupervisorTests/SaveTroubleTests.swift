// What is said of saves that fail again and again.

import Testing
import Vocabulary

@testable import Supervisor

struct SaveTroubleTests {
    private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func `a full disk is told once a minute, however often saving fails`() {
        var trouble = SaveTrouble()
        var words: [String] = []
        for millisecond in stride(from: 0, to: 90_000, by: 50) where trouble.mayTry(now: at(millisecond)) {
            if let word = trouble.failed("no space left on device", now: at(millisecond)) { words.append(word) }
        }
        #expect(words.count == 2)
        #expect(words.first?.hasPrefix("can't save") == true && words.last?.hasPrefix("still can't save") == true)
        #expect(trouble.failures == 90)
    }

    @Test func `the first save that succeeds again is told, once`() {
        var trouble = SaveTrouble()
        #expect(trouble.succeeded() == nil)
        _ = trouble.failed("no space left on device", now: at(0))
        #expect(trouble.succeeded() != nil)
        #expect(trouble.succeeded() == nil)
        #expect(trouble.mayTry(now: at(0)))
    }

    @Test func `warns only when the settings promise more than the descriptors carry`() {
        #expect(OpenFilesNeed.warning(connectionsMax: [450], openFilesMax: 1000) == nil)
        #expect(OpenFilesNeed.warning(connectionsMax: [450, 1], openFilesMax: 1000)?.contains("about 450") == true)
        #expect(OpenFilesNeed.warning(connectionsMax: [.max, .max], openFilesMax: .max) != nil)
        #expect(OpenFilesNeed.warning(connectionsMax: [1], openFilesMax: 20)?.contains("about 0") == true)
    }
}
