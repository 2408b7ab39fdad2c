// Starting and stopping a front door that is a shell script: what is said when it does not come up, and that nothing
// stays behind.

import Administration
import Foundation
import Glibc
import Testing

@testable import Verification

struct FrontDoorRunTests {
    /// Nobody answers.
    private struct Nobody: FrontDoorAdministration {
        private static let error = AdministrationError(code: .unavailable, message: "nobody answers")
        func status() throws(AdministrationError) -> StatusReport { throw Self.error }
        func scale(_ service: String, to count: Int) throws(AdministrationError) { throw Self.error }
        func startRollout(_ service: String, release: String) throws(AdministrationError) -> RolloutReport {
            throw Self.error
        }
        func stop() throws(AdministrationError) { throw Self.error }
    }

    private func failure(of script: String, nonce: String = "0123456789abcdef") throws -> String {
        let text = """
            version: 1
            name: t
            front_door: { config: /dev/null, ready_within: 300ms, stop_within: 100ms }
            load: [{ name: a, http: { path: / }, arrival: { rate: 1/s } }]
            """
        let scenario = try ScenarioReader.read(text, path: "t.yaml")
        let options = Verification.Options(
            frontDoorCommand: ["/bin/sh", "-c", script, "sh"], environment: ["PATH": "/usr/bin:/bin"],
            administration: { _ in Nobody() })
        do throws(FrontDoorRun.Failure) {
            _ = try FrontDoorRun(scenario, options: options, nonce: nonce)
            return ""
        } catch {
            // The state is kept for a look; a test has none.
            if let directory = error.message.components(separatedBy: "kept in ").last, directory.hasPrefix("/tmp/") {
                try? FileManager.default.removeItem(atPath: directory)
            }
            return error.message
        }
    }

    @Test func `tells how a front door ended while it was starting, and what it printed`() throws {
        let message = try failure(of: "echo \"serving $2\"; echo no such key >&2; exit 7")
        #expect(message.contains("the front door ended while it was starting (exit code 7); it printed:"))
        #expect(message.contains("| serving /dev/null") && message.contains("| no such key"))
        #expect(message.contains("its state and logs are kept in /tmp/"))
    }

    @Test func `gives up on a front door that never gets ready, and leaves no process behind`() throws {
        // Its own in every run: another run of this test may be under way on the same machine.
        let nonce = String(UInt64.random(in: 0x1000_0000_0000_0000 ... .max), radix: 16)
        // A stubborn one, whose child has a session of its own.
        let message = try failure(of: "trap '' TERM; setsid sleep 1000 & sleep 1000", nonce: nonce)
        #expect(message.contains("was not ready within 300 ms: its admin socket does not answer"))
        #expect(LeftoverProcesses(nonce: nonce).list().isEmpty)
    }

    @Test func `says that a program can't be started`() throws {
        let scenario = try ScenarioReader.read(
            "version: 1\nname: t\nfront_door: { config: /dev/null }\nload: [{ name: a, http: { path: / }, arrival: { rate: 1/s } }]",
            path: "t.yaml")
        let options = Verification.Options(frontDoorCommand: ["/nonexistent"], administration: { _ in Nobody() })
        let report = Conductor(scenario, options: options).run()
        #expect(report.verdict == .invalid)
        #expect(report.findings[0].summary == "/nonexistent can't be started: No such file or directory")
    }

    @Test func `makes an address to connect to from one to listen on`() {
        #expect(FrontDoorRun.url(of: "0.0.0.0:80") == "http://127.0.0.1:80")
        #expect(FrontDoorRun.url(of: "127.0.0.2:8080") == "http://127.0.0.2:8080")
        #expect(FrontDoorRun.url(of: "[::]:8080") == "http://[::1]:8080")
    }
}
