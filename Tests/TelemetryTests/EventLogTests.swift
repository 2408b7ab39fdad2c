// The event log on real files in a directory of its own.

import Administration
import Foundation
import Synchronization
import Telemetry
import Testing
import Vocabulary

struct EventLogTests {
    /// A directory that goes with the test.
    private final class Place {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "/portico-events-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var log: String { path + "/events.log" }

        func lines(of file: String) throws -> [String] {
            try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        }
    }

    private static let moment = Timestamp(microseconds: 1_795_241_500_123_456)

    @Test func `writes one JSON line per event`() throws {
        let place = try Place()
        let log = EventLog(path: place.log, clock: { Self.moment })
        log.record(
            .instanceReady, service: ServiceName("documents"), instance: "documents-3", release: ReleaseName("v1"),
            message: "first probe passed: \"200\"\nin 1.2 ms")
        log.record(.serverStopping, message: "asked to")
        #expect(
            try place.lines(of: place.log) == [
                #"{"instance":"documents-3","kind":"instance_ready","message":"first probe passed: \"200\"\nin 1.2 ms","#
                    + #""release":"v1","service":"documents","time":"2026-11-21T06:11:40.123456Z"}"#,
                #"{"kind":"server_stopping","message":"asked to","time":"2026-11-21T06:11:40.123456Z"}"#,
            ])
    }

    @Test func `gives the newest events, oldest first`() throws {
        let log = EventLog(path: nil)
        for number in 1...3 { log.record(.scaled, message: "\(number)") }
        #expect(log.newest(2).map(\.message) == ["2", "3"])
        #expect(log.newest(10).map(\.message) == ["1", "2", "3"])
        #expect(log.newest(0).isEmpty)
        #expect(log.newest(-1).isEmpty)
    }

    @Test func `keeps only the newest thousand in memory`() throws {
        let log = EventLog(path: nil)
        for number in 1...2500 { log.record(.scaled, message: "\(number)") }
        #expect(log.newest(.max).map(\.message) == (1501...2500).map { "\($0)" })
    }

    @Test func `knows the events of the server before`() throws {
        let place = try Place()
        do {
            let before = EventLog(path: place.log)
            before.record(.serverStarted, message: "before")
        }
        let log = EventLog(path: place.log)
        log.record(.serverStarted, message: "now")
        #expect(log.newest(10).map(\.message) == ["before", "now"])
    }

    @Test func `passes over a line that a crash cut short and does not continue it`() throws {
        let place = try Place()
        do {
            let before = EventLog(path: place.log)
            before.record(.scaled, message: "whole")
        }
        let handle = try #require(FileHandle(forWritingAtPath: place.log))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"kind":"scaled","mess"#.utf8))
        try handle.close()
        let log = EventLog(path: place.log)
        log.record(.scaled, message: "after")
        #expect(log.newest(10).map(\.message) == ["whole", "after"])
        #expect(try place.lines(of: place.log).count == 3)
    }

    @Test func `starts a new file at its bound and keeps the one before`() throws {
        let place = try Place()
        let log = EventLog(path: place.log, fileMax: ByteCount(250), clock: { Self.moment })
        for number in 1...7 { log.record(.scaled, message: "\(number)") }
        let now = try place.lines(of: place.log)
        let before = try place.lines(of: place.log + ".1")
        // A line has 69 bytes: three fit.
        #expect(before.count == 3)
        #expect(now.count == 1 && now[0].contains(#""message":"7""#))
        let size = try FileManager.default.attributesOfItem(atPath: place.log)[.size] as? Int
        #expect(try #require(size) <= 250)
        #expect(log.newest(10).count == 7)
    }

    @Test func `goes on in memory when the file can't be opened, and says why`() throws {
        let log = EventLog(path: "/nonexistent/events.log")
        let problem = try #require(log.problem)
        #expect(problem.code == .fileNotOpened)
        #expect(problem.description.contains("/nonexistent/events.log: No such file or directory"))
        #expect(problem.description.contains("--state"))
        log.record(.scaled, message: "kept")
        #expect(log.newest(1).map(\.message) == ["kept"])
        #expect(log.linesLost == 1)
    }

    @Test func `takes the file up again once it can be opened`() throws {
        let place = try Place()
        let file = place.path + "/later/events.log"
        let seconds = Mutex<Int64>(1_795_241_500)
        let log = EventLog(path: file, clock: { Timestamp(microseconds: seconds.withLock { $0 } * 1_000_000) })
        log.record(.scaled, message: "lost")
        try FileManager.default.createDirectory(atPath: place.path + "/later", withIntermediateDirectories: true)
        // Not tried twice in one second.
        log.record(.scaled, message: "lost too")
        #expect(log.linesLost == 2 && log.problem != nil)
        seconds.withLock { $0 += 1 }
        log.record(.scaled, message: "written")
        #expect(log.linesLost == 2 && log.problem == nil)
        #expect(try place.lines(of: file).count == 1)
    }

    @Test func `counts the lines that the file did not take and keeps them in memory`() throws {
        let log = EventLog(path: "/dev/full")
        log.record(.scaled, message: "lost")
        #expect(log.linesLost == 1)
        #expect(log.newest(1).map(\.message) == ["lost"])
    }

    @Test func `takes events from many threads without losing or mixing one`() throws {
        let place = try Place()
        let log = EventLog(path: place.log)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<50 { log.record(.scaled, message: "\(thread)/\(number)") }
        }
        let decoder = JSONDecoder()
        let events = try place.lines(of: place.log).map { try decoder.decode(EventReport.self, from: Data($0.utf8)) }
        #expect(Set(events.map(\.message)).count == 400)
        #expect(events.map(\.time) == events.map(\.time).sorted())
        #expect(events == log.newest(1000))
    }

    @Test func `every kind has a word of its own in lower case`() {
        let words = EventKind.allCases.map(\.rawValue)
        #expect(Set(words).count == words.count)
        for word in words {
            #expect(word.allSatisfy { $0.isLowercase || $0 == "_" }, "\(word)")
        }
    }
}
