// A TLS client over a test's blocking socket.

import Foundation
import TLS

/// One TLS connection. Used by one thread at a time.
final class SecureClient {
    let socket: Socket
    let session: TLSSession
    private let transport = TLSTransport(outputBytes: 4096)
    private var unread: [UInt8] = []
    private var plain: [UInt8] = []
    private(set) var outcome = TLSProgress.wantsInput

    /// Connects, without a word.
    init(port: UInt16, _ context: TLSClientContext, name: String) {
        socket = Socket(port: port)
        session = TLSSession(context, name: name, transport)!
    }

    deinit { session.free() }

    /// Says hello and does not wait for the answer.
    func begin() { outcome = step { $0.shakeHands() } }

    /// Whether the handshake went well, as far as the client can tell.
    @discardableResult
    func shakeHands() -> Bool {
        outcome = step { $0.shakeHands() }
        while outcome == .wantsInput, fetch() { outcome = step { $0.shakeHands() } }
        return outcome == .done
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        _ = step { session in bytes.withUnsafeBytes { session.write($0) } }
    }

    /// Says close_notify; the socket stays open.
    func sayGoodbye() { step { $0.sayGoodbye() } }

    /// Reads until `count` bytes are there, or no more comes.
    func read(_ count: Int) -> [UInt8] {
        while plain.count < count, more() {}
        let taken = Array(plain.prefix(count))
        plain.removeFirst(taken.count)
        return taken
    }

    func readHead() -> String {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let byte = read(1)
            if byte.isEmpty { break }
            head += byte
        }
        return String(decoding: head, as: UTF8.self)
    }

    /// Head and body of a response with `Content-Length`.
    func readResponse() -> (head: String, body: [UInt8]) {
        let head = readHead()
        let length = head.field("Content-Length").flatMap { Int($0) } ?? 0
        return (head, read(length))
    }

    func get(_ path: String = "/", host: String) -> (head: String, body: [UInt8]) {
        write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        return readResponse()
    }

    /// Reads to the end; whether that was said by close_notify.
    func readToEnd() -> (bytes: [UInt8], isRegular: Bool) {
        while more() {}
        return (plain, outcome == .closed)
    }

    private func more() -> Bool {
        var room = [UInt8](repeating: 0, count: 70_000)
        while true {
            var count = 0
            outcome = step { session in room.withUnsafeMutableBytes { session.read(into: $0, count: &count) } }
            if outcome == .done {
                plain += room[..<count]
                return true
            }
            guard outcome == .wantsInput, fetch() else { return false }
        }
    }

    private func fetch() -> Bool {
        let bytes = socket.readSome()
        unread += bytes
        return !bytes.isEmpty
    }

    @discardableResult
    private func step<Result>(_ step: (TLSSession) -> Result) -> Result {
        var left = 0
        let result = unread.withUnsafeBytes { bytes in
            transport.point(at: bytes)
            let result = step(session)
            left = transport.input.count
            transport.point(at: UnsafeRawBufferPointer(start: nil, count: 0))
            return result
        }
        unread.removeFirst(unread.count - left)
        socket.write(Array(transport.output))
        transport.clearOutput()
        return result
    }
}
