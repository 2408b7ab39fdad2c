// A front door with TLS in a directory of its own, a Python application behind it, and the clients that talk to it.

import Foundation
import TestCertificates
import Testing

final class SecureDoor {
    /// What `portico status --json` says, as far as it matters here.
    struct Status: Decodable {
        struct Listener: Decodable {
            var bind: String
            var tls: TLS?
        }
        struct TLS: Decodable {
            struct Certificate: Decodable {
                var fingerprint: String
            }
            var certificates: [Certificate]
            var problem: String?
            var handshakesResumed: Int
        }
        var ready: Bool
        var serverPID: Int32
        var listeners: [Listener]
    }

    let authority: Authority
    let file: String
    private let state: String
    private var process: Process?
    private var port = 0

    /// A certificate of its own for each name, in this order.
    init(_ names: [String], tls: String = "", isStarted: Bool = true) throws {
        authority = try Authority()
        file = authority.directory.appendingPathComponent("front.yaml").path
        state = authority.directory.appendingPathComponent("state").path
        for name in names { try authority.issue(name, [name]) }
        let certificates = names.map { "{ chain: \($0).pem, key: \($0).key }" }.joined(separator: ", ")
        try Data(Self.application.utf8).write(to: authority.directory.appendingPathComponent("app.py"))
        let text = """
            listeners:
              - name: web
                bind: 127.0.0.1:0
                tls: { certificates: [\(certificates)]\(tls.isEmpty ? "" : ", " + tls) }
            routes: [{ service: app }]
            services:
              app:
                max_body: 2GiB
                instances: { run: python3 app.py $PORT }
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        guard isStarted else { return }
        process = try Program.portico.start(["serve", file, "--state", state])
        var status: Status?
        #expect(
            try Self.eventually {
                status = try? self.status(); return status?.ready == true
            }, "not ready")
        port = status.flatMap { $0.listeners.first?.bind.split(separator: ":").last }.flatMap { Int($0) } ?? 0
    }

    deinit {
        // Only after a failure: `stop()` has seen to it otherwise.
        if let process, process.isRunning { process.terminate() }
    }

    func place(_ name: String) -> String { authority.directory.appendingPathComponent(name).path }

    func portico(_ arguments: [String]) throws -> Program.Ending {
        try Program.portico.run(arguments + ["--state", state], environment: [:])
    }

    func status() throws -> Status {
        let ending = try portico(["status", "--json"])
        return try JSONDecoder().decode(Status.self, from: Data(ending.output.utf8))
    }

    func stop() throws {
        #expect(try portico(["stop", "--wait"]).status == 0)
        process?.waitUntilExit()
    }

    /// What becomes of TLS within 15 s, when it is not `nil`.
    func wait<Value>(for value: (Status.TLS) -> Value?) throws -> Value? {
        var found: Value?
        _ = try Self.eventually {
            found = (try? status())?.listeners.first?.tls.flatMap(value)
            return found != nil
        }
        return found
    }

    /// Asks for 15 s; every question is a process of its own, which paces the asking.
    static func eventually(_ condition: () throws -> Bool) throws -> Bool {
        let end = Date() + 15
        while !(try condition()) {
            if Date() > end { return false }
        }
        return true
    }

    // MARK: Clients

    /// One request by curl: `STATUS BODY`, `000` when there was no answer.
    func curl(_ name: String, _ arguments: [String], path: String = "/") throws -> String {
        try Self.run(
            "curl",
            [
                "-sS", "--cacert", place("ca.pem"), "--connect-to", "\(name):443:127.0.0.1:\(port)", "-w",
                "\n%{http_code}",
            ] + arguments + ["https://\(name)\(path)"]
        ).curlWords
    }

    var request: String { "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n" }

    /// What `openssl s_client` says of a connection.
    func client(_ name: String, _ arguments: [String], input: String = "") throws -> String {
        try Self.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(port)", "-servername", name, "-CAfile", place("ca.pem")] + arguments
                + (input.isEmpty ? [] : ["-ign_eof"]), input: input)
    }

    /// Standard output and error, as they came.
    private static func run(_ program: String, _ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "120", program] + arguments
        let (source, sink) = (Pipe(), Pipe())
        process.standardInput = source
        process.standardOutput = sink
        process.standardError = sink
        try process.run()
        source.fileHandleForWriting.write(Data(input.utf8))
        try source.fileHandleForWriting.close()
        let output = sink.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: Load

    struct LoadResult {
        var requests = 0
        var failures = 0
        var text = ""
    }

    final class Load {
        fileprivate let process: Process
        fileprivate let source = Pipe()
        fileprivate let sink = Pipe()

        fileprivate init(_ process: Process) { self.process = process }

        /// Ends it and tells how it went.
        func finish() throws -> LoadResult {
            try source.fileHandleForWriting.close()
            let text = String(decoding: sink.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let numbers = text.split(separator: "\n").last?.split(separator: " ").compactMap { Int($0) } ?? []
            guard numbers.count == 2 else { return LoadResult(failures: 1, text: text) }
            return LoadResult(requests: numbers[0], failures: numbers[1], text: text)
        }
    }

    /// Requests on kept connections, each without a pause, until `finish`.
    func startLoad(_ name: String, connections: Int) throws -> Load {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.loader, "\(port)", name, place("ca.pem"), "\(connections)"]
        let load = Load(process)
        process.standardInput = load.source
        process.standardOutput = load.sink
        try process.run()
        return load
    }

    private static let loader = """
        import http.client, ssl, sys, threading, socket
        port, name, ca, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
        over, requests, failures = threading.Event(), [0] * count, [0] * count
        class Connection(http.client.HTTPSConnection):
            def connect(self):
                raw = socket.create_connection(("127.0.0.1", port), 10)
                self.sock = ssl.create_default_context(cafile=ca).wrap_socket(raw, server_hostname=name)
        def work(number):
            connection = Connection(name)
            while not over.is_set():
                try:
                    connection.request("GET", "/")
                    answer = connection.getresponse()
                    body = answer.read()
                    requests[number] += 1
                    if answer.status != 200 or body != b"hello": failures[number] += 1
                except Exception as error:
                    print(repr(error))
                    failures[number] += 1
                    connection.close()
        threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
        for thread in threads: thread.start()
        sys.stdin.read()
        over.set()
        for thread in threads: thread.join()
        print(sum(requests), sum(failures))
        """

    /// Says hello, sends and takes 1 GiB.
    private static let application = """
        import sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                if self.path != "/big": return self.answer(b"hello")
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 30))
                self.end_headers()
                block = bytes(1 << 20)
                for _ in range(1 << 10): self.wfile.write(block)
            def do_PUT(self):
                left, got = int(self.headers["Content-Length"]), 0
                while got < left: got += len(self.rfile.read(min(1 << 20, left - got)))
                self.answer(str(got).encode())
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """
}

extension String {
    /// `BODY\nSTATUS` of curl as `STATUS BODY`; curl's own words when there was no answer.
    fileprivate var curlWords: String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let status = lines.popLast() ?? ""
        let body = lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
        return body.isEmpty ? status : "\(status) \(body)"
    }
}
