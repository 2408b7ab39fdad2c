// A second opinion for the fuzzer: the rules of line ends, names, hosts and framing, written without the parser.
// Slow and obvious on purpose.

import HTTPWire

/// A head read the slow and obvious way, as a second opinion.
struct PlainHead {
    private let lines: [[UInt8]]
    private let isCleanlyEnded: Bool

    init(_ head: Slice<UnsafeRawBufferPointer>) {
        var all = Array(head)
        if all.starts(with: [13, 10]) { all.removeFirst(2) }
        isCleanlyEnded = all.suffix(4) == [13, 10, 13, 10]
        lines = all.dropLast(4).split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
    }

    func disagreement(with head: borrowing RequestHeadParser) -> String? {
        guard isCleanlyEnded else { return "no empty line at the end" }
        // Every line but the last was cut at its LF, and so must end in the only CR there is.
        for (index, line) in lines.enumerated() {
            let isLast = index == lines.count - 1
            let crs = line.filter { $0 == 13 }.count
            guard crs == (isLast ? 0 : 1), isLast || line.last == 13, !line.contains(0) else { return "a bad line end" }
        }
        let names = lines.dropFirst().map { line in
            String(decoding: line.prefix { $0 != 0x3A }, as: UTF8.self).lowercased()
        }
        guard names.count == head.fieldCount else { return "\(names.count) fields and not \(head.fieldCount)" }
        if names.contains(where: { $0.isEmpty || $0.contains { " \t".contains($0) } }) { return "a bad name" }
        let lengths = names.filter { $0 == "content-length" }.count
        let codings = names.filter { $0 == "transfer-encoding" }.count
        let hosts = names.filter { $0 == "host" }.count
        guard hosts <= 1, hosts == 1 || !head.isHTTP11 else { return "\(hosts) hosts" }
        let expected: BodyFraming? =
            switch head.framing {
            case .chunked: codings > 0 && lengths == 0 && head.isHTTP11 ? .chunked : nil
            case .length: codings == 0 && lengths == 1 ? head.framing : nil
            case .none: codings == 0 && lengths == 0 ? BodyFraming.none : nil
            case .untilClose: nil
            }
        return expected == nil ? "\(head.framing) of \(lengths) lengths and \(codings) codings" : nil
    }
}
