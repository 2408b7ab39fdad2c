// Reloads of the running program that can't be carried out leave everything as it was, and can be repeated.

import Foundation
import Testing

@Suite(.serialized)
struct ReloadTests {
    private struct Status: Decodable {
        struct Listener: Decodable {
            var name: String
            var bind: String
        }
        var listeners: [Listener]
    }

    @Test func `a reload whose second listener can't be opened leaves neither`() throws {
        let directory = try StateDirectory()
        defer { directory.remove() }
        let state = directory.path
        func write(_ more: String) throws {
            let text = """
                version: 1
                listeners:
                  - { name: web, bind: 127.0.0.1:0 }
                \(more)
                routes: [{ service: app }]
                services: { app: { backends: ["127.0.0.1:1"], health: { tcp: true } } }
                """
            try directory.write(text)
        }
        try write("")
        let door = try Program.portico.start(["serve", directory.settings, "--state", state])
        let before = try #require(try listeners(state) { !$0.isEmpty })
        // Its own port is taken, by itself.
        try write("  - { name: more, bind: 127.0.0.1:0 }\n  - { name: taken, bind: \(before[0].bind) }")
        for _ in 0..<2 {
            let reload = try Program.portico.run(["reload", "--state", state], environment: [:])
            #expect(reload.status != 0 && reload.output.contains("nothing was changed"), "\(reload.output)")
            #expect(try listeners(state) { _ in true }?.map(\.name) == ["web"])
        }
        try write("  - { name: more, bind: 127.0.0.1:0 }")
        let reload = try Program.portico.run(["reload", "--state", state], environment: [:])
        #expect(reload.status == 0, "\(reload.output)")
        #expect(try listeners(state) { _ in true }?.map(\.name) == ["web", "more"])
        let stop = try Program.portico.run(["stop", "--wait", "--state", state], environment: [:])
        #expect(stop.status == 0, "\(stop.output)")
        door.waitUntilExit()
        #expect(door.terminationStatus == 0)
    }

    @Test func `a listener that is given another name is told what is in its way`() throws {
        let directory = try StateDirectory()
        defer { directory.remove() }
        let state = directory.path
        func write(_ name: String) throws {
            let text = """
                version: 1
                listeners: [{ name: \(name), bind: "unix:\(state)/front.sock" }]
                routes: [{ service: app }]
                services: { app: { backends: ["127.0.0.1:1"], health: { tcp: true } } }
                """
            try directory.write(text)
        }
        try write("web")
        let door = try Program.portico.start(["serve", directory.settings, "--state", state])
        _ = try #require(try listeners(state) { !$0.isEmpty })
        try write("site")
        let reload = try Program.portico.run(["reload", "--state", state], environment: [:])
        #expect(reload.status != 0)
        #expect(reload.output.contains("listeners.site.bind, where listener web listens"), "\(reload.output)")
        #expect(try listeners(state) { _ in true }?.map(\.name) == ["web"])
        let stop = try Program.portico.run(["stop", "--wait", "--state", state], environment: [:])
        #expect(stop.status == 0, "\(stop.output)")
        door.waitUntilExit()
    }

    private func listeners(_ state: String, where isRight: ([Status.Listener]) -> Bool) throws -> [Status.Listener]? {
        for _ in 0..<600 {
            let ending = try Program.portico.run(["status", "--json", "--state", state], environment: [:])
            guard ending.status == 0,
                let status = try? JSONDecoder().decode(Status.self, from: Data(ending.output.utf8)),
                isRight(status.listeners)
            else { continue }
            return status.listeners
        }
        return nil
    }
}
