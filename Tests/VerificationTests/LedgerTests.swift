// The balancer's ledger by its bytes: strict, incremental, joined by number.

import Foundation
import Testing

@testable import Verification

struct LedgerTests {
    private static func line(
        id: String = "feed-17", status: String = "200", time: String = "2026-11-21T06:11:40.123456Z", more: String = ""
    ) -> String {
        #"{"time":"\#(time)","id":"\#(id)","listener":"web","service":"documents","instance":"documents-3","#
            + #""release":"v1","client":"127.0.0.1:4711","method":"GET","path":"/json/\"7\u00e4","host":"h","status":\#(status),"#
            + #""bytes_in":0,"bytes_out":123,"queue_us":12,"connect_us":0,"response_us":850,"total_us":900,"attempts":2,"#
            + #""tried":["documents-1","documents-3"],"reason":null,"revision":17\#(more)}"#
    }

    private func read(_ line: String) -> (BalancerEntry, TextTable)? {
        var reader = LedgerLineReader(idPrefix: "feed-")
        var copy = line
        guard let entry = copy.withUTF8({ reader.read(UnsafeRawBufferPointer($0)) }) else { return nil }
        return (entry, reader.texts)
    }

    @Test func `reads a line`() throws {
        let (entry, texts) = try #require(read(Self.line()))
        #expect(entry.number == 17)
        #expect(!entry.isForged)
        #expect(texts[entry.service] == "documents")
        #expect(texts[entry.instance] == "documents-3")
        #expect(texts[entry.release] == "v1")
        #expect(entry.tried.map { texts[$0] } == ["documents-1", "documents-3"])
        #expect(entry.reason == 0)
        #expect((entry.status, entry.attempts, entry.totalMicroseconds, entry.revision) == (200, 2, 900, 17))
        #expect(entry.time == 1_795_241_500_123_456)
    }

    @Test(arguments: ["other-17", "feed", "0123456789abcdef0123456789abcdef"])
    func `takes ids of others for what they are`(id: String) throws {
        let (entry, _) = try #require(read(Self.line(id: id)))
        #expect(entry.number == nil && !entry.isForged)
    }

    @Test(arguments: ["feed-", "feed-x", "feed-017", "feed-17x", "feed-99999999999999999999"])
    func `sees ids that the driver could not have made`(id: String) throws {
        let (entry, _) = try #require(read(Self.line(id: id)))
        #expect(entry.number == nil && entry.isForged)
    }

    @Test func `refuses what is not a whole line`() {
        let whole = Self.line()
        #expect(read("") == nil)
        #expect(read("null") == nil)
        for length in stride(from: 1, to: whole.utf8.count, by: 7) {
            #expect(read(String(whole.prefix(length))) == nil, "cut after \(length)")
        }
        #expect(read(whole + "}") == nil)
        #expect(read(whole + whole) == nil)
        #expect(read(Self.line(status: "\"200\"")) == nil)
        #expect(read(Self.line(status: "-1")) == nil)
        #expect(read(Self.line(status: "2e2")) == nil)
        #expect(read(Self.line(status: "99999999999999999999")) == nil)
        #expect(read(Self.line(time: "yesterday")) == nil)
        #expect(read(whole.replacingOccurrences(of: "\"status\":200,", with: "")) == nil)
        #expect(read(Self.line(more: ",\"status\":200")) == nil, "a key twice")
        #expect(read(Self.line(more: ",\"later\":{\"a\":[1,{}]}")) != nil, "new keys may come")
        #expect(read(Self.line(more: ",\"deep\":" + String(repeating: "[", count: 100_000))) == nil)
    }

    @Test func `reads times to the microsecond`() {
        func microseconds(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { Timestamps.microseconds($0) } }
        #expect(microseconds("1970-01-01T00:00:00Z") == 0)
        #expect(microseconds("2024-02-29T12:00:00.5Z") == 1_709_208_000_500_000)
        #expect(microseconds("2026-11-21T06:11:40.123456789Z") == 1_795_241_500_123_456)
        for bad in [
            "2026-11-21T06:11:40", "2026-13-21T06:11:40Z", "2026-11-21 06:11:40Z", "2026-11-21T06:11:40.Z", "Z",
        ] {
            #expect(microseconds(bad) == nil, "\(bad)")
        }
    }

    @Test func `reads a growing file, and a line only when it has its end`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = LedgerReader(path: path, idPrefix: "feed-", skippingExisting: false)
        reader.readMore()
        #expect(reader.ledger.entries.isEmpty)
        try Data((Self.line(id: "feed-0") + "\n" + "{\"half").utf8).write(to: URL(fileURLWithPath: path))
        reader.readMore()
        #expect(reader.ledger.entries.map(\.number) == [0])
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(("\n" + Self.line(id: "feed-1").prefix(100)).utf8))
        reader.readMore()
        #expect(reader.ledger.entries.map(\.number) == [0])
        #expect(reader.ledger.unreadable == ["line 2: {\"half"])
        try file.write(contentsOf: Data((Self.line(id: "feed-1").dropFirst(100) + "\n").utf8))
        reader.readMore()
        #expect(reader.ledger.entries.map(\.number) == [0, 1])
        #expect(reader.ledger.texts[reader.ledger.entries[1].instance] == "documents-3")
        try file.write(contentsOf: Data((Self.line(id: "feed-7").prefix(150) + Self.line(id: "feed-8") + "\n").utf8))
        reader.readMore()
        #expect(reader.ledger.entries.map(\.number) == [0, 1, 8], "what follows half a line is not lost with it")
        #expect(reader.ledger.unreadableCount == 2)
        let late = LedgerReader(path: path, idPrefix: "feed-", skippingExisting: true)
        late.readMore()
        #expect(late.ledger.entries.isEmpty)
        try file.write(contentsOf: Data((Self.line(id: "feed-2") + "\n").utf8))
        late.readMore()
        #expect(late.ledger.entries.map(\.number) == [2])
    }

    @Test func `joins by number and tells none from two`() {
        var ledger = BalancerLedger()
        for number in [2, 0, 2, 9] as [UInt64] {
            var entry = BalancerEntry()
            entry.number = number
            ledger.entries.append(entry)
        }
        #expect(ledger.index(count: 4) == [1, -1, -2, -1])
    }

    @Test func `picks fields out of an answer's JSON`() {
        func field(_ name: String, _ json: String) -> String? {
            Array(json.utf8).withUnsafeBytes { JSONScanner.field(name, of: $0) }
        }
        #expect(field("b", #" {"a": {"b": 1}, "b" : "x\n\u00e4\ud83d\ude00"} "#) == "x\nä😀")
        #expect(field("n", #"{"n": 1.50}"#) == "1.50")
        #expect(field("t", #"{"t":true}"#) == "true")
        #expect(field("c", #"{"a":1}"#) == nil)
        #expect(field("a", "[1]") == nil)
        #expect(field("a", #"{"a":"\ud83d"}"#) == nil)
    }
}
