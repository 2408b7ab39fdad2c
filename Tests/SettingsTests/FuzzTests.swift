// No text may trap. Seeded mutations of the reference file; PORTICO_FUZZ_SECONDS lets it run longer than the fixed
// number of rounds, PORTICO_FUZZ_SEED starts elsewhere.

import Foundation
import Settings
import Testing
import Vocabulary

struct FuzzTests {
    private static let pieces = [
        "[", "]", "{", "}", ":", ": ", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!x ", "|\n", ">-\n", "'", "\"",
        "? ",
        "---\n", "...\n", "${", "}", "${A}", "${A:-", "$${", "%", "\\", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{0}", "𝄞",
        "e\u{301}", "-1", "99999999999999999999", "9223372036854775807h", "2..", "..", "0", "1e9", "null", "~", "0x1",
        "[::]:80", "unix:", "%TAG ! x\n", "<<: ", "\"\\ud800\"", "\"\\x00\"", "\r", "a: 1\na: 1\n", "\u{E000}",
    ]

    @Test func `no mutation of the reference traps, and each either loads or is refused in words`() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["PORTICO_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        let seed = environment["PORTICO_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        let seeds = try ["reference.yaml", "smallest.yaml"].map { Array(try configuration($0).unicodeScalars) }
        // Without the comments, so that most mutations hit something.
        let bare = seeds.map { scalars in
            let lines = String(String.UnicodeScalarView(scalars)).split(separator: "\n")
            return Array(lines.filter { !$0.drop { $0 == " " }.hasPrefix("#") }.joined(separator: "\n").unicodeScalars)
        }
        var random = SeededRandom(seed: seed)
        var loaded = 0
        var rounds = 0
        let end = ContinuousClock.now + .seconds(seconds)
        while rounds < 600 || (rounds.isMultiple(of: 64) == false || ContinuousClock.now < end) && seconds > 0 {
            rounds += 1
            let text = mutated((rounds.isMultiple(of: 8) ? seeds : bare)[rounds % 2], &random)
            switch read(text, environment: ["A": "a", "LOG_LEVEL": "x"]) {
            case .success(let settings):
                loaded += 1
                #expect(!settings.effectiveYAML().isEmpty)
            case .failure(let problems):
                #expect(!problems.problems.isEmpty)
                #expect(!problems.description.isEmpty)
                #expect(problems.problems.allSatisfy { ($0.line ?? 1) >= 1 && ($0.column ?? 1) >= 1 })
            }
        }
        // Otherwise the mutations would be too wild to reach anything.
        #expect(loaded > 0 && loaded < rounds)
        if seconds > 0 { print("fuzzed \(rounds) texts from seed \(seed), of which \(loaded) loaded") }
    }

    private func mutated(_ scalars: [Unicode.Scalar], _ random: inout SeededRandom) -> String {
        var scalars = scalars
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...scalars.count, using: &random)
            let length = min(Int.random(in: 0...12, using: &random), scalars.count - place)
            let piece = Array((Self.pieces.randomElement(using: &random) ?? "").unicodeScalars)
            switch Int.random(in: 0...6, using: &random) {
            case 0: scalars.removeSubrange(place..<place + length)
            case 1: scalars.insert(contentsOf: piece, at: place)
            case 2: scalars.replaceSubrange(place..<place + length, with: piece)
            case 3:
                let other = Int.random(in: 0...scalars.count - length, using: &random)
                scalars.insert(contentsOf: Array(scalars[other..<other + length]), at: place)
            case 4:
                let count = Int.random(in: 1...200, using: &random)
                scalars.insert(contentsOf: Array(repeating: piece, count: count).joined(), at: place)
            case 5 where place < scalars.count:
                scalars[place] = Unicode.Scalar(UInt32.random(in: 0...0x2ff, using: &random)) ?? "x"
            default: scalars = Array(scalars[..<place])
            }
            if scalars.isEmpty { scalars = ["a"] }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test func `deep nesting does not exhaust a small stack`() async {
        // Every way of nesting, from the deepest that the guard lets through on; on a thread of 512 KiB.
        let texts = [30, 38, 39, 40, 41, 2000].flatMap { depth in
            let indents = (0..<depth).map { String(repeating: " ", count: $0) }
            return [
                String(repeating: "[", count: depth) + String(repeating: "]", count: depth),
                String(repeating: "{a: ", count: depth) + "1" + String(repeating: "}", count: depth),
                String(repeating: "- ", count: depth) + "1", String(repeating: "? ", count: depth) + "1",
                indents.map { "\($0)a:\n" }.joined(), indents.map { "\($0)-\n" }.joined(),
                indents.map { "\($0)\($0)- a:\n" }.joined(), indents.map { "\($0)a:\n\($0)-\n" }.joined(),
            ]
        }
        await withCheckedContinuation { continuation in
            let thread = Thread {
                for text in texts { _ = read(text) }
                continuation.resume()
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
    }
}
