// Reading the little that a probe reads.

import Testing

@testable import Probing

@Suite struct StatusLineTests {
    private func read(_ text: String, isEnd: Bool = false) -> StatusLine.Reading {
        StatusLine.read(Array(text.utf8), isEnd: isEnd)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", 200), ("HTTP/1.0 204 \r\n", 204), ("HTTP/1.1 503\r\n", 503),
        ("HTTP/1.1 200 Sehr gut, danke\r\nX: y", 200), ("HTTP/1.1 101 Switching Protocols\r\n", 101),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200),
        ("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 404 No\r\n", 404),
    ])
    func `a status is read from its line`(text: String, status: Int) {
        #expect(read(text) == .complete(StatusLine(status: status)))
    }

    @Test(arguments: [
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2x0 OK\r\n", "HTTP/2 200\r\n", "HTTP/1.2 200 OK\r\n",
        "http/1.1 200 OK\r\n", "HTTP/1.1  200 OK\r\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 O\u{0}K\r\n", "\r\n",
        "HTTP/1.1 000 no\r\n", "HTTP/1.1 600 no\r\n", "SSH-2.0-OpenSSH", "<html>", "\u{0}\u{0}",
    ])
    func `what is no status line is malformed at once`(text: String) {
        guard case .malformed(let fault) = read(text) else {
            Issue.record("\(read(text))")
            return
        }
        #expect(fault.hasPrefix("the first line is not HTTP/1.x: "))
    }

    @Test func `every beginning of an answer is incomplete, and its end there a fault`() {
        let answer = "HTTP/1.1 301 Moved\r\nServer: x\r\nLocation:  /new \r\n\r\n"
        for length in 0..<answer.utf8.count {
            #expect(read(String(answer.prefix(length))) == .incomplete || answer.count < answer.utf8.count)
        }
        #expect(read(answer) == .complete(StatusLine(status: 301, location: "/new ")))
        #expect(read("", isEnd: true) == .malformed("it closed the connection before it had answered"))
        #expect(read("HTTP/1.1 100 Go\r\n", isEnd: true) == .malformed("it closed the connection after a 100"))
        #expect(read("HTTP/1.1 302 Found\r\nlocation: /a", isEnd: true) == .complete(StatusLine(status: 302)))
    }

    @Test func `hostile bytes become readable`() {
        let hostile = Array(
            "HTTP/1.1 301 x\r\nLocation: /\u{1b}[2J\u{7}\(String(repeating: "a", count: 400))\r\n\r\n".utf8)
        guard case .complete(let line) = StatusLine.read(hostile, isEnd: false) else {
            Issue.record("the head is complete")
            return
        }
        #expect(line.location?.hasPrefix("/?[2J?aaa") == true)
        #expect(line.location?.count == 200)
    }
}
