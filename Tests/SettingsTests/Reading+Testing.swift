// What the tests of this module share: reading texts, and the files beside the sources.

import Foundation
import Settings
import Testing

/// Reads `text` as `front.yaml`.
func read(_ text: String, environment: [String: String] = [:]) -> Result<Settings, SettingsProblems> {
    SettingsReader.read(text: text, path: "front.yaml", environment: environment)
}

/// The settings of a text that is right.
func settings(
    _ text: String, environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) throws -> Settings {
    switch read(text, environment: environment) {
    case .success(let settings): return settings
    case .failure(let problems):
        Issue.record("\(problems)", sourceLocation: sourceLocation)
        throw problems
    }
}

/// `LINE:COLUMN MESSAGE` of every problem, in order; empty for a text that is right.
func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
    switch read(text, environment: environment) {
    case .success: []
    case .failure(let problems):
        problems.problems.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.message)" }
    }
}

/// The hints of every problem, in order.
func hints(_ text: String, environment: [String: String] = [:]) -> [String?] {
    switch read(text, environment: environment) {
    case .success: []
    case .failure(let problems): problems.problems.map(\.hint)
    }
}

/// The directory of the settings files that come with the program.
let configurations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "configs")

/// A file of `configs`, as text.
func configuration(_ name: String) throws -> String {
    try String(contentsOf: configurations.appending(path: name), encoding: .utf8)
}

/// A right file of the long form, with `value` in place of one of its lines.
enum Sample {
    static let lines = """
        listeners:
          - name: web
            bind: 127.0.0.1:8080
        routes:
          - service: shop
        services:
          shop:
            health: { interval: 2s }
            instances:
              run: ./shop
        """

    /// The sample with `old` replaced by `new`.
    static func with(_ old: String, _ new: String) -> String {
        precondition(lines.contains(old), "the sample has no \(old)")
        return lines.replacing(old, with: new)
    }

    /// The sample with `text` behind its last line.
    static func adding(_ text: String) -> String { lines + "\n" + text }
}
