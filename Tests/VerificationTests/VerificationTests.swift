// The face: exit codes, and the reports that are written.

import Foundation
import Testing

@testable import Verification

struct VerificationTests {
    private let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("verification-\(UUID().uuidString)").path

    private func scenario(_ name: String, _ text: String) throws -> String {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let path = "\(directory)/\(name).yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `exits with 3 when there is nothing to run, and runs nothing when one file is wrong`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = ScriptedServer { _ in .answer(200) }
        let good = try scenario(
            "good",
            "version: 1\nname: good\ntarget: \(server.url)\nload: [{ name: a, http: { path: / }, arrival: { rate: 9/s } }]"
        )
        let bad = try scenario("bad", "version: 1\nname: bad\n")
        #expect(Verification.run([], options: Verification.Options()) == 3)
        #expect(Verification.run(["\(directory)/none.yaml"], options: Verification.Options()) == 3)
        #expect(Verification.run([good, bad], options: Verification.Options()) == 3)
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [(200, Int32(0), "PASS"), (500, 1, "FAIL")])
    func `judges a target without ledger by what the client saw`(status: Int, code: Int32, verdict: String) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = ScriptedServer { .answer(status, headers: ["X-Request-Id": $0.id]) }
        let path = try scenario(
            "plain",
            """
            version: 1
            name: plain
            target: \(server.url)
            load: [{ name: a, http: { path: / }, arrival: { closed: { users: 1, think: 1ms } } }]
            phases: { warmup: 0s, baseline: 50ms, window: 100ms, settle: 0s }
            """)
        let options = Verification.Options(reportDirectory: directory + "/reports", seed: 3)
        #expect(Verification.run([path], options: options) == code)
        let text = try String(contentsOfFile: directory + "/reports/plain.txt", encoding: .utf8)
        #expect(text.contains("VERDICT \(verdict): ") && text.contains("Seed      3 "))
        #expect(text.contains("not possible: the target's access log is not known"))
        let json = try Data(contentsOf: URL(fileURLWithPath: directory + "/reports/plain.json"))
        #expect(try JSONDecoder().decode(RunReport.self, from: json).verdict.exitCode == code)
        let junit = try String(contentsOfFile: directory + "/reports/plain.junit.xml", encoding: .utf8)
        #expect(junit.contains("failures=\"\(code)\""))
    }
}
