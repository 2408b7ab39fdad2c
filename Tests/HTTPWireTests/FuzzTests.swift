// Runs the fuzzer: a fixed number of inputs by default, or for as long as PORTICO_FUZZ_SECONDS says. PORTICO_FUZZ_SEED
// repeats a run.

import Glibc
import Testing

@Suite struct FuzzTests {
    private static var corpus: [[UInt8]] {
        let good = RequestCase.all.map { bytes($0.head) } + ResponseCase.good.map { bytes($0.head) }
        let bad = MalformedCase.read("malformed-requests.txt") + MalformedCase.read("malformed-chunks.txt")
        let chunks = ["3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nA: b\r\n\r\n", "10\r\n0123456789abcdef\r\n0\r\n\r\n"]
        return good + bad.map(\.bytes) + chunks.map(bytes)
    }

    private static func setting(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
    }

    /// A fault prints its input; add it to a table when it is fixed.
    @Test func `survives mutated messages and never lets one through unsound`() {
        let seconds = Self.setting("PORTICO_FUZZ_SECONDS")
        var isDebug = false
        assert({ isDebug = true }() == ())
        let inputsMax = seconds == nil ? (isDebug ? 20_000 : 200_000) : Int.max
        let seed = UInt64(Self.setting("PORTICO_FUZZ_SEED") ?? (seconds == nil ? 1 : time(nil)))
        let end = ContinuousClock.now + .seconds(seconds ?? 86_400)
        var fuzzer = Fuzzer(seed: seed, corpus: Self.corpus)
        var faults = 0
        while fuzzer.inputs < inputsMax, fuzzer.inputs % 1024 != 0 || ContinuousClock.now < end, faults < 10 {
            if let fault = fuzzer.step() {
                faults += 1
                Issue.record("seed \(seed), input \(fuzzer.inputs): \(fault)")
            }
        }
        let (inputs, accepted) = (fuzzer.inputs, fuzzer.accepted)
        print("fuzz: seed \(seed), \(inputs) inputs, \(accepted) heads accepted, \(faults) faults")
        #expect(accepted > inputs / 100)
    }
}
