// A stream's request made ready for the wire: what is the same for all is worked out once.

import Vocabulary

/// One kind of request. Pure value.
struct RequestPlan: Sendable {
    let method: String
    let path: Template
    let headers: [LoadStream.HeaderField]
    let body: Template?
    let expect: Expectation
    let isFresh: Bool
    let isIdempotent: Bool
    let timeoutMilliseconds: Int
    let releaseMark: LoadStream.ReleaseMark?
    /// Index of the stream, and what the stream's random words are drawn from.
    let stream: UInt16
    private let randomBase: UInt64

    init(_ stream: LoadStream, index: Int, seed: UInt64) {
        method = stream.method
        path = stream.path
        headers = stream.headers
        body = stream.body
        expect = stream.expect
        isFresh = stream.connections == .fresh
        isIdempotent = stream.isIdempotent
        timeoutMilliseconds = Self.milliseconds(stream.timeout)
        releaseMark = stream.releaseMark
        self.stream = UInt16(index)
        randomBase = Self.randomBase(stream, seed: seed)
    }

    /// The request that reads a write of `stream` back; draws the same random words as the write.
    init(readBack: LoadStream.ReadBack, of stream: LoadStream, index: Int, seed: UInt64) {
        method = "GET"
        path = readBack.path
        headers = readBack.headers
        body = nil
        expect = readBack.expect
        isFresh = false
        isIdempotent = true
        timeoutMilliseconds = Self.milliseconds(stream.timeout)
        releaseMark = nil
        self.stream = UInt16(index)
        randomBase = Self.randomBase(stream, seed: seed)
    }

    func random(_ sequence: UInt64) -> UInt64 {
        var generator = SeededRandom(seed: randomBase &+ sequence)
        return generator.next()
    }

    private static func randomBase(_ stream: LoadStream, seed: UInt64) -> UInt64 {
        var generator = SeededRandom(seed: seed).split("words of \(stream.name)")
        return generator.next()
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        max(1, Int(duration.nanoseconds / 1_000_000))
    }
}
