// TLS over a test's blocking socket, at either end.

import TLS

/// A connection that we made.
final class SecureClient: SecureSocket {
    /// Connects, without a word.
    init(port: UInt16, _ context: TLSClientContext, name: String) {
        super.init(Socket(port: port)) { TLSSession(context, name: name, $0)! }
    }

    func get(_ path: String = "/", host: String) -> (head: String, body: [UInt8]) {
        write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        return readResponse()
    }
}

/// A connection that was made to us.
final class SecureServer: SecureSocket {
    init(_ socket: Socket, _ context: TLSServerContext) {
        super.init(socket) { TLSSession(context, $0)! }
    }
}

/// One TLS connection. Used by one thread at a time.
class SecureSocket {
    let socket: Socket
    let session: TLSSession
    private let transport = TLSTransport(outputBytes: 4096)
    /// Bytes go out one by one.
    private var isBytewise = false
    /// Goes out in front of what the session says first.
    private var herald: [UInt8] = []
    private var unread: [UInt8] = []
    private var plain: [UInt8] = []
    private(set) var outcome = TLSProgress.wantsInput

    init(_ socket: Socket, _ make: (borrowing TLSTransport) -> TLSSession) {
        self.socket = socket
        session = make(transport)
    }

    deinit { session.free() }

    /// Says hello and does not wait for the answer.
    func begin() { outcome = step { $0.shakeHands() } }

    /// Whether the handshake went well, as far as the client can tell.
    @discardableResult
    func shakeHands(bytewise: Bool = false, behind text: String = "", isSplit: Bool = false) -> Bool {
        isBytewise = bytewise
        defer { isBytewise = false }
        if isSplit { socket.write(text) } else { herald = Array(text.utf8) }
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
        let result = transport.reading(&unread) { step(session) }
        let said = herald + Array(transport.output)
        herald = []
        transport.clearOutput()
        if isBytewise {
            for byte in said { socket.write([byte]) }
        } else if !said.isEmpty {
            socket.write(said)
        }
        return result
    }
}
