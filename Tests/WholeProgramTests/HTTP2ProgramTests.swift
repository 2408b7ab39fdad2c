// HTTP/2 through the whole program, with the clients that people use: curl, nghttp, h2load, and gRPC for Python. Where
// one of them is not installed, its test is skipped.

import Foundation
import Testing

@Suite(.serialized)
struct HTTP2ProgramTests {
    /// What `portico status --json` says, as far as it matters here.
    private struct Status: Decodable {
        struct Listener: Decodable {
            var name: String
            var bind: String
        }
        var ready: Bool
        var listeners: [Listener]
    }

    /// A front door with one service of instances, and what it writes.
    private struct Front {
        var directory: StateDirectory
        var process: Process
        /// `127.0.0.1:PORT` of the listener.
        var address: String

        func stop() throws {
            let ending = try Program.portico.run(["stop", "--wait", "--state", directory.path], environment: [:])
            #expect(ending.status == 0, "\(ending.output)")
            process.waitUntilExit()
            directory.remove()
        }

        var log: String { (try? String(contentsOfFile: directory.path + "/access.log", encoding: .utf8)) ?? "" }
    }

    private static func start(service: String) throws -> Front {
        let directory = try StateDirectory()
        let text = """
            listeners:
              - { name: web, bind: "127.0.0.1:0", h2c: true }
            routes:
              - { service: app }
            services:
              app:
            \(service)
            """
        try directory.write(text)
        let process = try Program.portico.start(["serve", directory.settings, "--state", directory.path])
        for _ in 0..<600 {
            let ending = try Program.portico.run(["status", "--json", "--state", directory.path], environment: [:])
            guard ending.status == 0,
                let status = try? JSONDecoder().decode(Status.self, from: Data(ending.output.utf8)), status.ready,
                let listener = status.listeners.first
            else { continue }
            return Front(directory: directory, process: process, address: listener.bind)
        }
        process.terminate()
        throw CocoaError(.featureUnsupported)
    }

    private static let files = """
            health: { http: / }
            instances: { run: python3 -m http.server --protocol HTTP/1.1 --bind 127.0.0.1 $PORT, count: 2 }
        """

    private static func isThere(_ arguments: String...) -> Bool {
        (try? Program(at: "/usr/bin/env").run(arguments, environment: [:]).status) == 0
    }

    @Test(.enabled(if: isThere("curl", "--version")))
    func `curl speaks HTTP_2 with prior knowledge and HTTP_1_1 to the same listener`() throws {
        let front = try Self.start(service: Self.files)
        for (option, version) in [("--http2-prior-knowledge", "2"), ("--http1.1", "1.1")] {
            let ending = try Program(at: "/usr/bin/env").run(
                [
                    "curl", "-sS", option, "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                    "http://\(front.address)/",
                ],
                environment: [:])
            #expect(ending.output == "\(version) 200")
        }
        #expect(front.log.contains("\"protocol\":\"h2\""))
        #expect(front.log.contains("\"protocol\":\"http/1.1\""))
        try front.stop()
    }

    @Test(.enabled(if: isThere("nghttp", "--version") && isThere("h2load", "--version")))
    func `nghttp and h2load get every answer`() throws {
        let front = try Self.start(service: Self.files)
        let one = try Program(at: "/usr/bin/env").run(
            ["nghttp", "-nv", "http://\(front.address)/"], environment: [:])
        #expect(one.output.contains(":status: 200"), "\(one.output)")
        let many = try Program(at: "/usr/bin/env").run(
            ["h2load", "-n", "2000", "-c", "4", "-m", "25", "http://\(front.address)/"], environment: [:])
        #expect(many.output.contains("2000 succeeded, 0 failed, 0 errored"), "\(many.output)")
        try front.stop()
    }

    @Test(.enabled(if: isThere("python3", "-c", "import grpc")))
    func `gRPC for Python calls a service of gRPC, unary and streaming, with trailers`() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Scenarios/http2/calls.py").path
        let front = try Self.start(
            service: """
                    protocol: grpc
                    instances: { run: ["python3", "\(script)", "serve", "$PORT"] }
                """)
        let ending = try Program(at: "/usr/bin/env").run(
            ["python3", script, "call", front.address], environment: [:])
        #expect(ending.status == 0, "\(ending.output)")
        try front.stop()
    }
}
