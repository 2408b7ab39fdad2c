// The whole program with real applications: short scenarios, each started as a person would, judged by its exit code.
// The long forms of them are in `scenarios/`. Run alone: a driver that loses its processor can't keep its schedule.

import Foundation
import Testing

@Suite(.serialized)
struct WholeProgramTests {
    @Test func `a short rolling update loses no request and no write`() throws {
        try verify("rolling-update")
    }

    @Test func `a release that exits at start is undone without a failed request`() throws {
        try verify("sabotage-start")
    }

    @Test func `a killed server refuses nothing and is back by itself`() throws {
        try verify("server-kill")
    }

    @Test func `a scenario that makes no sense is refused with exit code 3`() throws {
        let ending = try Program.portico.run(["verify", "/nonexistent/scenario.yaml"], environment: [:])
        #expect(ending.status == 3, "\(ending.output)")
    }

    /// Runs one of the short scenarios; its report is shown when it is not a pass.
    private func verify(_ name: String) throws {
        let scenario = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Scenarios/\(name).yaml").path
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("portico-whole-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: data) }
        let ending = try Program.portico.run(
            ["verify", scenario],
            environment: ["PORTICO_SAMPLES": Program.samples.path, "DOCUMENTS_DATA": data.path])
        #expect(ending.status == 0, "\(ending.output)")
    }
}
