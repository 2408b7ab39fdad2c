// The first line of an HTTP response and the one field that explains a redirect. Strict, bounded, and not the data
// plane's parser: a probe needs eleven bytes of certainty, not a message. Pure.

/// What a response says in its head.
struct StatusLine: Hashable, Sendable {
    /// How far the bytes received so far go.
    enum Reading: Hashable, Sendable {
        /// More bytes are needed.
        case incomplete
        case complete(StatusLine)
        /// Not a response of HTTP/1.0 or 1.1, in a few words.
        case malformed(String)
    }

    /// 100…599.
    var status: Int
    /// The value of `Location`, cut to 200 bytes, printable ASCII only.
    var location: String?

    /// Reads the head of a final response: 1xx responses in front of it (but 101, which is
    /// final) are skipped. A status other than 3xx is
    /// complete with its first line; a 3xx with the end of its head, or at `isEnd`.
    static func read(_ bytes: [UInt8], isEnd: Bool) -> Reading {
        var rest = bytes[...]
        while true {
            guard let end = rest.firstIndex(of: 0x0a) else {
                // Enough to know that it never becomes one.
                if let fault = fault(inStart: rest) { return .malformed(fault) }
                return isEnd ? .malformed("it closed the connection before it had answered") : .incomplete
            }
            let line = rest[..<end]
            guard line.last == 0x0d, let status = status(in: line.dropLast()) else {
                return .malformed("the first line is not HTTP/1.x: \(Self.excerpt(line))")
            }
            let head = Self.head(rest[(end + 1)...])
            if status < 200 && status != 101 {
                guard let after = head.end else {
                    return isEnd ? .malformed("it closed the connection after a \(status)") : .incomplete
                }
                rest = rest[after...]
                continue
            }
            guard (300...399).contains(status) else { return .complete(StatusLine(status: status)) }
            guard head.end != nil || isEnd else { return .incomplete }
            return .complete(StatusLine(status: status, location: head.location))
        }
    }

    /// `HTTP/1.x NNN` and then nothing, or a space and a reason (RFC 9112 §4; the reason may be missing).
    private static func status(in line: ArraySlice<UInt8>) -> Int? {
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8) else { return nil }
        let at = line.startIndex
        guard line[at + 7] == 0x30 || line[at + 7] == 0x31, line[at + 8] == 0x20 else { return nil }
        let digits = line[(at + 9)..<(at + 12)]
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard line.count == 12 || line[at + 12] == 0x20 else { return nil }
        guard line[(at + 12)...].allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { return nil }
        let status = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return (100...599).contains(status) ? status : nil
    }

    private static func fault(inStart bytes: ArraySlice<UInt8>) -> String? {
        let expected = Array("HTTP/1.".utf8)
        let length = min(bytes.count, expected.count)
        guard bytes.prefix(length).elementsEqual(expected.prefix(length)) else {
            return "the first line is not HTTP/1.x: \(excerpt(bytes))"
        }
        return nil
    }

    /// The fields of a head: the index after its empty line, if that has come, and the location.
    private static func head(_ bytes: ArraySlice<UInt8>) -> (end: Int?, location: String?) {
        var rest = bytes
        var location: String?
        while let newline = rest.firstIndex(of: 0x0a) {
            var line = rest[..<newline]
            if line.last == 0x0d { line = line.dropLast() }
            rest = rest[(newline + 1)...]
            if line.isEmpty { return (rest.startIndex, location) }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            if name.lowercased() == "location" { location = excerpt(line[(colon + 1)...]) }
        }
        return (nil, location)
    }

    /// Bytes as an operator can read them: printable ASCII, at most 200, without spaces around them.
    static func excerpt(_ bytes: ArraySlice<UInt8>) -> String {
        let printable = bytes.prefix(200).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        let text = String(decoding: printable.drop { $0 == 0x20 }, as: UTF8.self)
        return bytes.count > 200 ? text + "…" : text
    }
}
