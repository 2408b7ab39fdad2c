// The server name of a connection that is passed on unopened.

import TLS
import TestCertificates
import Testing

@Suite struct ClientHelloTests {
    @Test func `the name of a real client is read from any prefix that holds it, and from no shorter one`() throws {
        let authority = try Authority()
        let transport = TLSTransport(outputBytes: 1024)
        let made = TLSSession(try authority.clientContext(), name: "Shop.Example.test", transport)
        let session = try #require(made)
        defer { session.free() }
        #expect(session.shakeHands() == .wantsInput)
        let hello = Array(transport.output)
        #expect(read(hello) == (.complete(nameCount: 17), "Shop.Example.test"))
        var isFound = false
        for count in 0..<hello.count {
            switch read(Array(hello[..<count])).0 {
            case .incomplete: #expect(!isFound)
            case .complete: isFound = true
            case .malformed: Issue.record("\(count) bytes of a good hello are malformed")
            }
        }
        #expect(isFound)
        // Every byte in a record of its own (RFC 8446 §5.1).
        let split = hello[5...].flatMap { [22, 3, 1, 0, 1, $0] as [UInt8] }
        #expect(read(split) == (.complete(nameCount: 17), "Shop.Example.test"))
    }

    @Test func `a hello without a name is complete, and every changed byte is an answer and no trap`() throws {
        #expect(read(hello(extensions: nil)) == (.complete(nameCount: 0), ""))
        #expect(read(hello(extensions: [])) == (.complete(nameCount: 0), ""))
        let named = hello(extensions: name("a.test"))
        #expect(read(named) == (.complete(nameCount: 6), "a.test"))
        #expect(read(hello(extensions: [0, 23, 0, 0] + name("a.test"))) == (.complete(nameCount: 6), "a.test"))
        for index in named.indices {
            for value in [0, 1, 127, 128, 255] as [UInt8] {
                var changed = named
                changed[index] = value
                _ = read(changed)
            }
        }
    }

    @Test func `what is no ClientHello is told at once`() {
        #expect(read(Array("GET / HTTP/1.1\r\n".utf8)).0 == .malformed)
        #expect(read(Array("G".utf8)).0 == .malformed)
        #expect(read([22, 3]).0 == .incomplete)
        #expect(read([22, 4]).0 == .malformed)
        #expect(read([22, 3, 1, 0, 0]).0 == .malformed)
        #expect(read([22, 3, 1, 0x40, 1]).0 == .malformed)
        #expect(read([22, 3, 1, 0, 4, 2, 0, 0, 0]).0 == .malformed)
        // Says that it is longer than any.
        #expect(read([22, 3, 1, 0x40, 0, 1, 1, 0, 0]).0 == .malformed)
        // Never comes to its end.
        let endless = [22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0] + [UInt8](repeating: 0, count: 16_384)
        #expect(read(endless).0 == .malformed)
        #expect(read(hello(extensions: name("a b"))).0 == .malformed)
        #expect(read(hello(extensions: name(""))).0 == .malformed)
        #expect(read(hello(extensions: name(String(repeating: "a", count: 256)))).0 == .malformed)
        #expect(read(hello(extensions: name("a.test").dropLast(1))).0 == .malformed)
    }

    private func read(_ bytes: [UInt8]) -> (ClientHello, String) {
        var name = [UInt8](repeating: 0, count: ClientHelloReader.nameBytesMax)
        let outcome = bytes.withUnsafeBytes { bytes in
            name.withUnsafeMutableBytes { ClientHelloReader.read(bytes, name: $0) }
        }
        guard case .complete(let count) = outcome else { return (outcome, "") }
        return (outcome, String(decoding: name[..<count], as: UTF8.self))
    }

    private func sized(_ count: Int, _ bytes: [UInt8]) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    }

    private func name(_ text: String) -> [UInt8] {
        [0, 0] + sized(2, sized(2, [0] + sized(2, Array(text.utf8))))
    }

    private func hello(extensions: [UInt8]?) -> [UInt8] {
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 9, count: 32)
        body += sized(1, [1, 2, 3]) + sized(2, [0x13, 1]) + sized(1, [0])
        if let extensions { body += sized(2, extensions) }
        return [22, 3, 1] + sized(2, [1] + sized(3, body))
    }
}
