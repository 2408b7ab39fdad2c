// A backend that ends its connections at the worst moments, over real sockets.

import Proxy
import Synchronization
import Testing
import Vocabulary

@Suite struct HostileBackendTests {
    /// Every connection answers its first request. Then it ends at once, ends when the next request is there, or goes on,
    /// as the dice fall.
    private static func origin(seed: UInt64, _ seen: SeenRequests) -> Origin {
        Origin { origin, connection, number in
            var random = SeededRandom(seed: seed).split("connection \(number)")
            var isFirst = true
            while let head = origin.nextHead(connection) {
                if head.hasPrefix("POST") { _ = connection.read(2) }
                seen.add(head.field("X-Number") ?? "")
                if !isFirst, Int.random(in: 0..<3, using: &random) == 0 { return connection.reset() }
                isFirst = false
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                if Int.random(in: 0..<3, using: &random) == 0 { return connection.close() }
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no GET fails and no POST happens twice`(seed: UInt64) throws {
        let seen = SeenRequests()
        let origin = Self.origin(seed: seed, seen)
        let plane = try Plane([origin.port])
        var random = SeededRandom(seed: seed)
        let clients = (0..<4).map { _ in plane.connect() }
        var posts: [(name: String, isAnswered: Bool)] = []
        for number in 0..<400 {
            let client = clients.randomElement(using: &random)!
            let isPost = Bool.random(using: &random)
            let fields = "Host: h\r\nX-Number: \(number)\r\n"
            client.write(
                isPost
                    ? "POST / HTTP/1.1\r\n\(fields)Content-Length: 2\r\n\r\nhi" : "GET / HTTP/1.1\r\n\(fields)\r\n")
            let response = client.readResponse()
            let isAnswered = response.head.hasPrefix("HTTP/1.1 200 ")
            if isPost {
                posts.append(("\(number)", isAnswered))
                #expect(isAnswered || response.head.hasPrefix("HTTP/1.1 502 "), "\(number): \(response.head)")
            } else {
                #expect(isAnswered && response.body == "ok", "\(number): \(response.head)")
            }
        }
        for post in posts {
            #expect(seen.count(post.name) <= 1, "\(post.name) came more than once")
            if post.isAnswered { #expect(seen.count(post.name) == 1) }
        }
        // Otherwise the dice were too kind.
        #expect(posts.contains { !$0.isAnswered })
        #expect(plane.gauges(1).inFlight == 0)
    }
}

/// How often each request came.
private final class SeenRequests: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    func count(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }
}
