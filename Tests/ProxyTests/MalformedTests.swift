// Requests that break the rules are answered or cut off, and none reaches a backend.

import Proxy
import Routing
import Testing
import Vocabulary

@Suite struct MalformedTests {
    /// Name, status and bytes of a line of the fixture.
    private static func cases() -> [(name: String, status: String, bytes: [UInt8])] {
        Fixture.text("malformed-requests.txt").components("\n").compactMap { line in
            guard !line.isEmpty, !line.hasPrefix("#") else { return nil }
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]), Fixture.unescaped(parts[2]))
        }
    }

    @Test func `every malformed request gets its status and a closed connection, and no backend sees it`() throws {
        let origin = Origin(answering: "reached")
        let plane = try Plane([origin.port])
        let cases = Self.cases()
        #expect(cases.count >= 25)
        for (name, status, bytes) in cases {
            let client = plane.connect()
            client.write(bytes)
            let text = client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(name): \(text.prefix(60))")
            #expect(!text.contains("reached"), "\(name)")
            #expect(client.ended, "\(name)")
        }
        #expect(origin.connections == 0)
        #expect(plane.get().body == "reached")
        #expect(plane.log(cases.count + 1).count == cases.count + 1)
    }

    @Test func `chunks that break the rules end the request without a second one`() throws {
        let origin = Origin { origin, connection, _ in
            while origin.nextHead(connection) != nil { _ = connection.readToEnd() }
        }
        let plane = try Plane([origin.port])
        for chunks in ["zz\r\n", "5\r\nhelloX", "-1\r\n", "ffffffffffffffffff\r\n", "5 \r\nhello\r\n"] {
            let client = plane.connect()
            client.write(
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)GET /evil HTTP/1.1\r\n\r\n")
            let text = client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 400 "), "\(chunks): \(text)")
            #expect(text.field("X-Portico-Reason")?.hasPrefix("malformed_request:") == true)
        }
        #expect(origin.requests.allSatisfy { !$0.contains("evil") })
        #expect(plane.isQuiet)
    }

    @Test func `a head over the limit is answered 431 or 414`() throws {
        let origin = Origin(answering: "reached")
        let plane = try Plane([origin.port]) { _, listener in
            listener.headerBytesMax = .kibibytes(4)
            listener.headerFieldsMax = 10
        }
        let long = String(repeating: "a", count: 5000)
        let requests = [
            ("431", "GET / HTTP/1.1\r\nHost: h\r\nX: \(long)\r\n\r\n"),
            ("414", "GET /\(long) HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("431", "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "X: y\r\n", count: 20) + "\r\n"),
        ]
        for (status, request) in requests {
            let client = plane.connect()
            client.write(request)
            let text = client.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(text.field("X-Portico-Reason") == "header_too_large")
        }
        #expect(origin.connections == 0)
    }

    @Test func `a big head within the limit passes in pieces`() throws {
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port]) { _, listener in listener.headerBytesMax = .kibibytes(60) }
        let client = plane.connect()
        let long = String(repeating: "a", count: 50_000)
        for _ in 0..<3 {
            client.write("GET / HTTP/1.1\r\nHost: h\r\nX-Long: \(long.prefix(20_000))")
            client.write("\(long.dropFirst(20_000))\r\n\r\n")
            #expect(client.readResponse().body == "ok")
        }
        #expect(origin.requests.last?.field("X-Long") == long)
    }
}
