// Following real files, turn by turn: nobody sleeps, nobody guesses when a line was written.

import Foundation
import Testing

@testable import portico

struct LogFollowerTests {
    /// Files that go with the test.
    private final class Place {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "/portico-logs-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ instance: String) -> String { "\(path)/\(instance).log" }

        func append(_ text: String, to instance: String) throws {
            let descriptor = open(file(instance), O_WRONLY | O_APPEND | O_CREAT, 0o600)
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(text.utf8))
        }

        func files(_ instances: String...) -> [String: String] {
            Dictionary(uniqueKeysWithValues: instances.map { ($0, file($0)) })
        }
    }

    private func texts(_ lines: [LogLine]) -> [String] {
        lines.map { "\($0.instance): \(String(decoding: $0.text, as: UTF8.self))" }
    }

    @Test func `shows the last lines of each instance, instance by instance`() throws {
        let place = try Place()
        try place.append("one\ntwo\nthree\n", to: "shop-10")
        try place.append("eins\nzwei\ndrei\n", to: "shop-9")
        var follower = LogFollower(lastLines: 2)
        _ = follower.attend(place.files("shop-10", "shop-9"))
        #expect(texts(follower.newLines()) == ["shop-9: zwei", "shop-9: drei", "shop-10: two", "shop-10: three"])
        #expect(follower.newLines().isEmpty)
    }

    @Test func `shows a line once it is whole`() throws {
        let place = try Place()
        try place.append("old\nbeg", to: "shop-1")
        var follower = LogFollower(lastLines: 1)
        _ = follower.attend(place.files("shop-1"))
        #expect(texts(follower.newLines()) == ["shop-1: old"])
        try place.append("un", to: "shop-1")
        #expect(follower.newLines().isEmpty)
        try place.append("!\nnext\n\n", to: "shop-1")
        #expect(texts(follower.newLines()) == ["shop-1: begun!", "shop-1: next", "shop-1: "])
    }

    @Test func `shows an instance that appears later from its beginning, also if its file comes later still`() throws {
        let place = try Place()
        var follower = LogFollower(lastLines: 1)
        _ = follower.attend(place.files("shop-1"))
        #expect(follower.unread == ["shop-1"])
        _ = follower.attend(place.files("shop-1", "shop-2"))
        try place.append("a\nb\nc\n", to: "shop-2")
        #expect(texts(follower.newLines()) == ["shop-2: a", "shop-2: b", "shop-2: c"])
        #expect(follower.unread == ["shop-1"])
    }

    @Test func `shows what an instance said last before it went`() throws {
        let place = try Place()
        try place.append("hello\n", to: "shop-1")
        var follower = LogFollower(lastLines: 5)
        _ = follower.attend(place.files("shop-1"))
        _ = follower.newLines()
        try place.append("goodbye\nsegmentation fau", to: "shop-1")
        #expect(texts(follower.attend([:])) == ["shop-1: goodbye", "shop-1: segmentation fau"])
        try place.append("lt\n", to: "shop-1")
        #expect(follower.newLines().isEmpty)
    }

    @Test func `starts again when the file was emptied`() throws {
        let place = try Place()
        try place.append("before\n", to: "shop-1")
        var follower = LogFollower(lastLines: 5)
        _ = follower.attend(place.files("shop-1"))
        _ = follower.newLines()
        #expect(truncate(place.file("shop-1"), 0) == 0)
        try place.append("new\n", to: "shop-1")
        #expect(texts(follower.newLines()) == ["shop-1: new"])
    }

    @Test func `no last lines means new ones only`() throws {
        let place = try Place()
        try place.append("old\n", to: "shop-1")
        var follower = LogFollower(lastLines: 0)
        _ = follower.attend(place.files("shop-1"))
        #expect(follower.newLines().isEmpty)
        try place.append("new\n", to: "shop-1")
        #expect(texts(follower.newLines()) == ["shop-1: new"])
    }

    @Test func `the head of a file that was given back is no text`() throws {
        let place = try Place()
        // A sparse head reads as zeros, like a punched one; the line that the hole cuts is shown from its rest.
        #expect(FileManager.default.createFile(atPath: place.file("shop-1"), contents: nil))
        #expect(truncate(place.file("shop-1"), 3 * LogTail.Limits.bytesPerReadMax) == 0)
        try place.append("rest\nwhole\n", to: "shop-1")
        let tail = try #require(LogTail(path: place.file("shop-1"), lastLines: 100))
        #expect(tail.newLines() == [Array("rest".utf8), Array("whole".utf8)])
        let all = try #require(LogTail(path: place.file("shop-1"), lastLines: nil))
        #expect((0..<4).flatMap { _ in all.newLines() } == [Array("rest".utf8), Array("whole".utf8)])
    }

    @Test func `a line without end is handed out in pieces`() throws {
        let place = try Place()
        try place.append(String(repeating: "x", count: LogTail.Limits.lineBytesMax + 3) + "\n", to: "shop-1")
        let tail = try #require(LogTail(path: place.file("shop-1"), lastLines: nil))
        #expect(tail.newLines().map(\.count) == [LogTail.Limits.lineBytesMax, 3])
    }

    @Test func `prints the instance in front, names below each other, bytes as they are`() {
        var format = LogFormat(json: false)
        format.widen(to: [LogLine(instance: "shop-10", text: [])])
        #expect(
            format.bytes(of: LogLine(instance: "shop-9", text: [0xFF, 0x41])) == Array("shop-9  | ".utf8) + [
                0xFF, 0x41, 0x0A,
            ])
        let json = LogFormat(json: true).bytes(of: LogLine(instance: "shop-9", text: [0xFF, 0x22]))
        #expect(String(decoding: json, as: UTF8.self) == "{\"instance\":\"shop-9\",\"line\":\"\u{FFFD}\\\"\"}\n")
    }
}
