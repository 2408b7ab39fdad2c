// Settings made of flags.

import Settings
import Testing
import Vocabulary

struct FlagTests {
    @Test func `run is the smallest form`() throws {
        let flags = try Settings.forRun(listen: "8080", instances: "2..8", argv: ["./app", "$PORT"], health: "/up")
            .get()
        #expect(flags == (try settings("listen: 8080\nrun: [./app, $PORT]\ninstances: 2..8\nhealth: /up")))
        let plain = try Settings.forRun(listen: "127.0.0.1:0", instances: "1", argv: ["./app"]).get()
        #expect(plain == (try settings("listen: 127.0.0.1:0\nrun: ./app")))
    }

    @Test func `proxy is one service of fixed backends`() throws {
        let flags = try Settings.forProxy(listen: "8080", to: ["10.0.0.7:80", "[::1]:81"]).get()
        let file = try settings(
            """
            listeners: [{ name: web, bind: 8080 }]
            routes: [{ service: app }]
            services: { app: { backends: ["10.0.0.7:80", "[::1]:81"] } }
            """)
        #expect(flags == file)
    }

    @Test func `problems name their flags, all at once`() {
        guard case .failure(let run) = Settings.forRun(listen: "x", instances: "2-8", argv: [], health: "up") else {
            Issue.record("nothing of it is right")
            return
        }
        #expect(run.problems.map(\.file) == ["--listen", "--instances", "--health", "COMMAND"])
        #expect(
            run.problems[1].description
                == "--instances: error: `2-8` is not a range\n  hint: write `2..8`")
        guard case .failure(let proxy) = Settings.forProxy(listen: "8080", to: ["127.0.0.1:8080", "x"]) else {
            Issue.record("the first is a loop, the second no address")
            return
        }
        #expect(proxy.problems.map(\.file) == ["--to", "--to"])
        guard case .failure(let none) = Settings.forProxy(listen: "8080", to: []) else {
            Issue.record("there is no backend")
            return
        }
        #expect(none.problems.map(\.message) == ["there is no backend"])
    }
}
