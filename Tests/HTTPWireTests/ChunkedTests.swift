// The chunked coding, taken apart and put together.
// Malformed bodies are in `Tests/Fixtures/malformed-chunks.txt`.

import HTTPWire
import Testing
import Vocabulary

@Suite struct ChunkedTests {
    @Test(arguments: [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3\r\nabc\r\n2\r\nde\r\n000\r\n\r\n", "abcde"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3\r\n\r\n0\r\n0\r\n\r\n", "\r\n0"),
        ("3;a=b\r\nabc\r\n0;c\r\n\r\n", "abc"),
        ("3 \t;a=\"\u{e4} ;\"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("0\r\nA: b\r\nC-D:\r\n\r\n", ""),
        ("0\r\nA: \tb \u{ff}\r\n\r\n", ""),
    ])
    func `gives the content of a body and finds its end`(_ input: String, _ content: String) {
        let input = bytes(input)
        let (body, end) = decode(input + bytes("GET "))
        #expect(body == bytes(content))
        #expect(end == .end(consumed: input.count))
        let (parts, last) = decode(input, splitAt: Array(1..<input.count))
        #expect(parts == body)
        #expect(last == end)
        for length in 0..<input.count { #expect(decode(Array(input[..<length])).end == nil) }
    }

    @Test func `bounds the extensions of a chunk and of a body`() {
        let most = "3;" + String(repeating: "a", count: 255) + "\r\nabc\r\n"
        #expect(decode(bytes(most + "0\r\n\r\n")).body == bytes("abc"))
        #expect(
            decode(bytes("3;" + String(repeating: "a", count: 256) + "\r\n")).end
                == .malformed(.chunkExtensionsTooLong))
        let sixtyFour = String(repeating: most, count: 64)
        #expect(decode(bytes(sixtyFour + "0\r\n\r\n")).body.count == 192)
        #expect(decode(bytes(sixtyFour + "0;\r\n\r\n")).end == .malformed(.chunkExtensionsTooLong))
    }

    @Test func `bounds the trailer section`() {
        // With the CRLF that ends it, the section has exactly 8 KiB.
        let most = "A: " + String(repeating: "a", count: 8 * 1024 - 7) + "\r\n\r\n"
        #expect(decode(bytes("0\r\n" + most)).end == .end(consumed: 3 + 8 * 1024))
        #expect(decode(bytes("0\r\nB" + most)).end == .malformed(.trailerTooLarge))
    }

    @Test func `takes the biggest size and refuses the next one`() {
        var decoder = ChunkedDecoder()
        let biggest = withExactBytes(bytes("7fffffffffffffff\r\nabc")) { decoder.next(in: $0) }
        #expect(biggest == .data(18..<21))
        #expect(decode(bytes("8000000000000000\r\n")).end == .malformed(.badChunkSize))
    }

    @Test func `stays spent after the end and after a fault`() {
        for (input, answer) in [("0\r\n\r\n", ChunkEvent.end(consumed: 0)), ("x", .malformed(.badChunkSize))] {
            var decoder = ChunkedDecoder()
            _ = withExactBytes(bytes(input)) { decoder.next(in: $0) }
            #expect(withExactBytes(bytes("3\r\nabc")) { decoder.next(in: $0) } == answer)
        }
    }

    @Test func `asks for more when given nothing`() {
        var decoder = ChunkedDecoder()
        #expect(decoder.next(in: UnsafeRawBufferPointer(start: nil, count: 0)) == .needMore(consumed: 0))
    }

    /// Random bodies in random chunks with random extensions and trailers, cut at random places.
    @Test func `gives back any body from any chunks cut anywhere`() {
        var random = SeededRandom(seed: 20_261_121)
        for _ in 0..<500 {
            let body = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var wire: [UInt8] = []
            var rest = body[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...min(rest.count, 60), using: &random)
                wire += chunkHead(size, withExtension: Int.random(in: 0..<4, using: &random) == 0)
                wire += rest.prefix(size) + bytes("\r\n")
                rest = rest.dropFirst(size)
            }
            let trailer = Bool.random(using: &random) ? "T: x\r\n" : ""
            wire += bytes("0\r\n\(trailer)\r\n")
            let cuts = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Int.random(in: 0...wire.count, using: &random)
            }
            let (decoded, end) = decode(wire, splitAt: cuts.sorted())
            #expect(decoded == body)
            #expect(end == .end(consumed: wire.count))
        }
    }

    private func chunkHead(_ size: Int, withExtension: Bool) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: ChunkWriter.headBytesMax, alignment: 1) { buffer in
            var writer = ByteWriter(buffer)
            ChunkWriter.writeHead(size: size, into: &writer)
            let head = Array(writer.written)
            return withExtension ? head.dropLast(2) + bytes(";e=1\r\n") : head
        }
    }
}
