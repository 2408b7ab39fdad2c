// Probes over TLS. The backend is `openssl s_server`, which answers any request with a page about the session.

import Foundation
import Glibc
import TLS
import TestCertificates
import Testing
import Vocabulary

@testable import Probing

@Suite(.timeLimit(.minutes(1))) struct SecureProbeTests {
    @Test func `a probe passes when the certificate is right, and says why when it is not`() async throws {
        let authority = try Authority()
        try authority.issue("back", ["back.test"])
        let server = try TestServer(authority, "back")
        let prober = try Prober()
        let context = try TLSClientContext(ClientTLSRules(verification: .authority(authority.root)))
        func report(_ kind: ProbeOrder.Kind, name: String) async -> ProbeReport {
            await prober.probe(
                ProbeOrder(
                    endpoint: .tcp(host: "127.0.0.1", port: server.port), kind: kind,
                    security: ProbeSecurity(context: context, name: name), timeout: .seconds(30)))
        }
        let good = await report(.http(path: "/", host: "back.test"), name: "back.test")
        #expect(good.isPass, "\(good.detail)")
        #expect(good.detail.hasPrefix("200 in "))
        let bare = await report(.tcp, name: "back.test")
        #expect(bare.isPass, "\(bare.detail)")
        let other = await report(.tcp, name: "other.test")
        #expect(!other.isPass)
        #expect(other.detail == "no TLS with it: certificate verify failed: hostname mismatch")
        let nameless = await report(.tcp, name: "")
        #expect(nameless.detail == ProbeWording.unusableName)
    }

    @Test func `a backend without TLS does not pass`() async throws {
        let authority = try Authority()
        let backend = try ScriptedBackend { ScriptedBackend.say($0, "HTTP/1.1 400 Bad Request\r\n\r\n") }
        let context = try TLSClientContext(ClientTLSRules(verification: .authority(authority.root)))
        let report = try await Prober().probe(
            ProbeOrder(
                endpoint: backend.endpoint, kind: .tcp, security: ProbeSecurity(context: context, name: "a.test"),
                timeout: .seconds(30)))
        #expect(!report.isPass)
        #expect(report.detail.hasPrefix("no TLS with it: "))
    }
}

/// `openssl s_server -www` on a free port, until it goes away.
private final class TestServer {
    let port: UInt16
    private let process = Process()

    init(_ authority: Authority, _ file: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "\(file).pem", "-key", "\(file).key",
        ]
        process.currentDirectoryURL = authority.directory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        // Says `ACCEPT 127.0.0.1:PORT` once it listens.
        var text = ""
        while !text.contains("\n") || !text.contains("ACCEPT") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        let digits = text.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        port = UInt16(digits) ?? 0
    }

    deinit {
        // Threads of the pool have SIGTERM blocked, and the child inherits that.
        // Not waited for: Foundation reaps it, and waiting in a deinit spins.
        kill(process.processIdentifier, SIGKILL)
    }
}
