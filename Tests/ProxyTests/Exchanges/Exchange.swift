// One case of `Tests/Fixtures/exchanges-*.txt`, whose head says how they are written, and the reader of those files.

/// Bytes sent and bytes that must arrive, at both sides of the front door.
struct Exchange: Sendable {
    /// What becomes of a connection.
    enum End: String, Sendable {
        case keep, close, reset
    }

    /// What the backend must get, and what it then sends.
    struct Step: Sendable {
        var expected: [UInt8] = []
        var answer: [UInt8] = []
        var end = End.keep
    }

    var name: String
    var section: String
    var sent: [UInt8] = []
    var steps: [Step] = []
    /// What the client must get; `nil`: any response of that status.
    var received: [UInt8]?
    var status = 0
    var end = End.keep

    /// In place of a request id of ours, which differs from request to request: just as long.
    static let id = String(repeating: "f", count: 32)

    /// The head of the plainest request, as the backend gets it.
    static func forwarded(_ line: String, host: String = "h") -> [UInt8] {
        Array("\(line)\r\nHost: \(host)\r\n\(forwardedFields(host))\r\n".utf8)
    }

    private static func forwardedFields(_ host: String) -> String {
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: \(host)\r\n"
            + "X-Real-IP: 127.0.0.1\r\nX-Request-Id: \(id)\r\n"
    }

    /// All cases of a file. `backend` is what stands for `{backend}`.
    static func read(_ file: String, backend: String) -> [Exchange] {
        var exchanges: [Exchange] = []
        var current: Exchange?
        for line in Fixture.text(file).components("\n") where !line.isEmpty && !line.hasPrefix("#") {
            if line.hasPrefix("== ") {
                precondition(current == nil, "\(current!.name) has no outcome")
                let parts = line.dropFirst(3).split(separator: "|", maxSplits: 1)
                precondition(parts.count == 2, "no section: \(line)")
                current = Exchange(
                    name: String(parts[0].dropLast()), section: String(parts[1].dropFirst()))
            } else if line.hasPrefix("= ") {
                guard var exchange = current else { preconditionFailure("an outcome of nothing: \(line)") }
                let words = line.dropFirst(2).split(separator: " ")
                exchange.status = Int(words[0])!
                exchange.end = End(rawValue: String(words[1]))!
                exchange.complete()
                exchanges.append(exchange)
                current = nil
            } else {
                current!.take(line, backend: backend)
            }
        }
        return exchanges
    }

    private mutating func take(_ line: String, backend: String) {
        let mark = line.prefix { $0 == ">" || $0 == "<" }
        let text = line.dropFirst(mark.count + 1)
        switch mark {
        case ">": sent += Self.bytes(text, backend)
        case "<": received = (received ?? []) + Self.bytes(text, backend)
        case ">>":
            if steps.isEmpty || !steps[steps.count - 1].answer.isEmpty { steps.append(Step()) }
            steps[steps.count - 1].expected += Self.bytes(text, backend)
        case "<<":
            if steps.isEmpty { steps.append(Step()) }
            if text == "{close}" || text == "{reset}" {
                steps[steps.count - 1].end = text == "{close}" ? .close : .reset
            } else {
                steps[steps.count - 1].answer += Self.bytes(text, backend)
            }
        default: preconditionFailure("\(name): \(line)")
        }
    }

    /// Fills in what a case may leave out.
    private mutating func complete() {
        if sent.isEmpty { sent = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8) }
        for index in steps.indices {
            if steps[index].expected.isEmpty {
                let line = String(decoding: sent.prefix { $0 != 13 }, as: UTF8.self)
                steps[index].expected = Self.expected(line, sent)
            }
            if steps[index].answer.isEmpty, steps[index].end == .keep {
                steps[index].answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
            }
        }
    }

    /// What the backend gets of a request without a body that says nothing special but, perhaps, `TE` and `Upgrade`.
    private static func expected(_ line: String, _ sent: [UInt8]) -> [UInt8] {
        let text = String(decoding: sent, as: UTF8.self)
        let isHTTP11 = line.hasSuffix("1.1")
        var head = forwarded(line.dropLast(1) + "1").dropLast(2)
        if isHTTP11, text.contains("TE: trailers") { head += Array("TE: trailers\r\nConnection: TE\r\n".utf8) }
        if text.contains("Upgrade: websocket") {
            head += Array("Connection: Upgrade\r\nUpgrade: websocket\r\n".utf8)
        }
        return head + [13, 10]
    }

    private static func bytes(_ text: Substring, _ backend: String) -> [UInt8] {
        if text.hasPrefix("{forwarded") {
            let host = text.dropFirst(11).dropLast()
            return Array(forwardedFields(host.isEmpty ? "h" : String(host)).utf8)
        }
        let line = text.replacing("{id}", with: id).replacing("{backend}", with: backend)
        return line.hasSuffix("\\") && !line.hasSuffix("\\\\")
            ? Fixture.unescaped(line.dropLast()) : Fixture.unescaped(line) + [13, 10]
    }
}
