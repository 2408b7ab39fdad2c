// Mutates messages byte by byte and checks what the border makes of them. Not coverage-guided: the corpus is every good
// and bad message of the tables, which between them reach every branch.
//
// What is checked of each input, besides that nothing traps or reads past the end:
// 1. whole or in two pieces, the outcome is the same;
// 2. every range lies inside the head;
// 3. an accepted head stands up to `PlainHead`, a slow reader of the same rules that shares no code with the parser;
// 4. its rewritten form is accepted, with the same single framing.

import HTTPWire
import Vocabulary

/// One stream of mutated inputs, the same for the same seed.
struct Fuzzer: ~Copyable {
    private var random: SeededRandom
    private let corpus: [[UInt8]]
    private var requests = RequestHeadParser()
    private var responses = ResponseHeadParser()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 1)
    private(set) var inputs = 0
    private(set) var accepted = 0

    init(seed: UInt64, corpus: [[UInt8]]) {
        random = SeededRandom(seed: seed)
        self.corpus = corpus
    }

    deinit {
        output.deallocate()
    }

    private static let tokens = [
        "\r\n", "\r", "\n", " ", "\t", ":", ",", ";", "%00", "%5c", "\\", "\u{0}", "\u{ff}", "\u{7f}", "_", "HTTP/1.1",
        "HTTP/1.0", "Host: x\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: ", "chunked",
        "X-Forwarded-For: 1\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n", "0\r\n\r\n", "\r\n\r\n",
        "http://", "ffffffffffffffff", "99999999999999999999", "OPTIONS * ", "Max-Forwards: 1\r\n",
    ].map(bytes)

    /// Makes and checks one input; says what is wrong, or `nil`.
    mutating func step() -> String? {
        let input = mutated()
        inputs += 1
        let cut = Int.random(in: 0...input.count, using: &random)
        let isTrusted = Bool.random(using: &random)
        let fault = withExactBytes(input) { bytes in
            checkRequest(bytes, cut: cut, isTrusted: isTrusted) ?? checkResponse(bytes, cut: cut)
                ?? checkChunks(bytes, cut: cut)
        }
        return fault.map { "\($0) in \(Self.escaped(input))" }
    }

    /// The input as a fixture would state it.
    private static func escaped(_ input: [UInt8]) -> String {
        input.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case 0x5C: "\\\\"
            case 0x20..<0x7F: String(Unicode.Scalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }

    private mutating func mutated() -> [UInt8] {
        var input = corpus.randomElement(using: &random)!
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...input.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0 where place < input.count: input[place] = UInt8.random(in: 0...255, using: &random)
            case 1 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: input.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 3: input.insert(contentsOf: Self.tokens.randomElement(using: &random)!, at: place)
            case 4: input.removeSubrange(place..<min(input.count, place + Int.random(in: 0...8, using: &random)))
            case 5:
                let other = corpus.randomElement(using: &random)!
                input.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &random)))
            default:
                let end = min(input.count, place + Int.random(in: 0...40, using: &random))
                input.insert(contentsOf: Array(input[place..<end]), at: Int.random(in: 0...input.count, using: &random))
            }
        }
        return input
    }

    private mutating func checkRequest(_ bytes: UnsafeRawBufferPointer, cut: Int, isTrusted: Bool) -> String? {
        let limits = HeadLimits(bytesMax: 2048, fieldsMax: 24)
        var progress = HeadProgress()
        var split = requests.parse(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), resuming: &progress, within: limits)
        if split == .incomplete { split = requests.parse(bytes, resuming: &progress, within: limits) }
        let whole = requests.parse(bytes, within: limits)
        // A head that ends before the cut is the same head.
        guard split == whole else { return "cut at \(cut): \(split) and not \(whole)" }
        guard case .complete(let length) = whole else { return nil }
        accepted += 1
        var ranges = [requests.methodRange, requests.target, requests.path, requests.query]
        ranges += [requests.host ?? 0..<0, requests.requestID ?? 0..<0]
        for index in 0..<requests.fieldCount { ranges += [requests.field(index).name, requests.field(index).value] }
        guard length <= bytes.count, ranges.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= length }) else {
            return "a range out of bounds"
        }
        if let fault = PlainHead(bytes[..<length]).disagreement(with: requests) { return fault }
        let digits: StaticString = "0123456789"
        let id = UnsafeRawBufferPointer(start: digits.utf8Start, count: digits.utf8CodeUnitCount)
        var writer = ByteWriter(output)
        let context = ForwardedContext(
            clientAddress: id, requestID: id, fallbackHost: id, isPeerTrusted: isTrusted)
        HeadRewriter.writeRequest(from: bytes, head: requests, forwarded: context, into: &writer)
        let bound = length + requests.fieldCount + HeadRewriter.growthMax + 2 * 3 * id.count
        if writer.isOverflowed || writer.count > bound { return "grew to \(writer.count) of \(bound) bytes" }
        return isSoundRewrite(writer.written, of: requests) ? nil : "rewritten badly"
    }

    private mutating func checkResponse(_ bytes: UnsafeRawBufferPointer, cut: Int) -> String? {
        let limits = HeadLimits(bytesMax: 2048, fieldsMax: 24)
        let method = Method.allCases.randomElement(using: &random)!
        let isUpgrade = Bool.random(using: &random)
        var progress = HeadProgress()
        var split = responses.parse(
            UnsafeRawBufferPointer(rebasing: bytes[..<cut]), answering: method, isUpgrade: isUpgrade,
            resuming: &progress, within: limits)
        if split == .incomplete {
            split = responses.parse(
                bytes, answering: method, isUpgrade: isUpgrade, resuming: &progress, within: limits)
        }
        let whole = responses.parse(bytes, answering: method, isUpgrade: isUpgrade, within: limits)
        guard split == whole else { return "response cut at \(cut): \(split) and not \(whole)" }
        guard case .complete(let length) = whole else { return nil }
        accepted += 1
        var ranges = [responses.statusText]
        for index in 0..<responses.fieldCount { ranges += [responses.field(index).name, responses.field(index).value] }
        guard length <= bytes.count, ranges.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= length }) else {
            return "a range of a response out of bounds"
        }
        var writer = ByteWriter(output)
        let isHTTP11 = Bool.random(using: &random)
        let id = UnsafeRawBufferPointer(rebasing: bytes[..<4])
        let context = ResponseContext(requestID: id, isHTTP11Client: isHTTP11, keepAlive: true)
        HeadRewriter.writeResponse(from: bytes, head: responses, context: context, into: &writer)
        let framing = HeadRewriter.downstreamFraming(of: responses, isHTTP11Client: isHTTP11)
        var again = ResponseHeadParser()
        let isSound =
            again.parse(writer.written, answering: method, isUpgrade: isUpgrade) == .complete(headLength: writer.count)
            && again.framing == framing && again.status == responses.status
            && writer.count <= length + responses.fieldCount + HeadRewriter.growthMax + id.count
        return isSound ? nil : "response rewritten badly"
    }

    private func checkChunks(_ bytes: UnsafeRawBufferPointer, cut: Int) -> String? {
        let body = Array(bytes)
        let whole = decode(body)
        let split = decode(body, splitAt: [cut])
        return whole.body == split.body && whole.end == split.end ? nil : "chunks cut at \(cut) differ"
    }
}
