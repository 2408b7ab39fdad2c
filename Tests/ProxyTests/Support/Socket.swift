// A blocking socket for tests: both the scripted origins and the clients read and write byte-exact through it. Every
// wait ends after 5 s, so that a fault shows as a failed expectation and not as a hang.

import CKernel
import Glibc
import Kernel
import Vocabulary

/// One connection. Used by one thread at a time.
final class Socket: @unchecked Sendable {
    // SAFETY: a test hands a connection from thread to thread, never shares it.
    private var descriptor: CInt
    private var unread: [UInt8] = []
    /// Whether the peer ended its side regularly, or by a reset.
    private(set) var ended = false
    private(set) var wasReset = false

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Connects to a port of this machine, from one of its addresses.
    convenience init(port: UInt16, receiveBuffer: CInt? = nil, from source: String? = nil) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if let source {
            let result = SocketAddress(.tcp(host: source, port: 0))!.withSockAddr { bind(descriptor, $0, $1) }
            precondition(result == 0, "bind: \(errno)")
        }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
        }
        let address = SocketAddress(.tcp(host: "127.0.0.1", port: port))!
        let result = address.withSockAddr { connect(descriptor, $0, $1) }
        precondition(result == 0, "connect: \(errno)")
        self.init(descriptor)
    }

    deinit { close() }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Writes all bytes; false when the peer broke the connection before.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        return bytes.withUnsafeBytes { raw in
            while offset < raw.count {
                let count = send(descriptor, raw.baseAddress! + offset, raw.count - offset, CInt(MSG_NOSIGNAL))
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }

    /// Whether the system takes bytes now, or soon.
    var isWritable: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&wanted, 1, 100) == 1
    }

    /// Fetches more bytes; false at the end.
    private func fetch() -> Bool {
        var room = [UInt8](repeating: 0, count: 65536)
        var count = 0
        repeat { count = recv(descriptor, &room, room.count, 0) } while count < 0 && errno == EINTR
        if count > 0 {
            unread.append(contentsOf: room[..<count])
            return true
        }
        ended = count == 0
        wasReset = count < 0 && errno == ECONNRESET
        return false
    }

    /// Reads up to and with `mark`; what there is if the end comes first.
    func read(through mark: String) -> String {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            if unread.count >= mark.count {
                for start in searched...(unread.count - mark.count)
                where unread[start..<start + mark.count].elementsEqual(mark) {
                    return take(start + mark.count)
                }
                searched = unread.count - mark.count + 1
            }
            guard fetch() else { return take(unread.count) }
        }
    }

    /// A head with its empty line; empty at the end.
    func readHead() -> String { read(through: "\r\n\r\n") }

    func read(_ count: Int) -> String { String(decoding: readBytes(count), as: UTF8.self) }

    func readBytes(_ count: Int) -> [UInt8] {
        while unread.count < count, fetch() {}
        let taken = Array(unread.prefix(count))
        unread.removeFirst(taken.count)
        return taken
    }

    /// Everything until the peer ends, regularly or not.
    func readToEnd() -> String {
        while fetch() {}
        return take(unread.count)
    }

    /// What comes next, at least one byte; empty at the end.
    func readSome() -> [UInt8] {
        if unread.isEmpty { _ = fetch() }
        defer { unread = [] }
        return unread
    }

    /// At most `count` bytes straight from the system; empty at the end.
    func readSome(atMost count: Int) -> [UInt8] {
        var room = [UInt8](repeating: 0, count: count)
        let result = recv(descriptor, &room, count, 0)
        ended = result == 0
        wasReset = result < 0 && errno == ECONNRESET
        return Array(room.prefix(max(0, result)))
    }

    /// Whether a read would not wait.
    var hasInput: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !unread.isEmpty || poll(&wanted, 1, 0) > 0
    }

    private func take(_ count: Int) -> String {
        let text = String(decoding: unread[..<count], as: UTF8.self)
        unread.removeFirst(count)
        return text
    }

    /// Head and body of a response with `Content-Length` or chunks, or one without a body.
    func readResponse(toHead: Bool = false) -> (head: String, body: String) {
        let head = readHead()
        if toHead || head.isEmpty { return (head, "") }
        let lowered = head.lowercased()
        if lowered.contains("transfer-encoding: chunked") {
            var body = ""
            while true {
                let line = read(through: "\r\n")
                guard let size = line.chunkSize else { return (head, body + "?" + line) }
                body += read(size)
                _ = read(2)
                if size == 0 { return (head, body) }
            }
        }
        guard let field = lowered.range(of: "content-length: ") else { return (head, "") }
        let digits = lowered[field.upperBound...].prefix { $0.isNumber }
        return (head, read(Int(digits)!))
    }

    /// Its own port.
    var localPort: UInt16 {
        guard case .tcp(_, let port) = try! SocketAddress.local(of: descriptor).endpoint else { return 0 }
        return port
    }

    func shutdownWriting() { shutdown(descriptor, CInt(SHUT_WR)) }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

extension String {
    /// The size on a chunk's first line. (CRLF is one character.)
    var chunkSize: Int? { Int(dropLast(), radix: 16) }

    /// The value of a field of a head, `nil` when it is not there.
    func field(_ name: String) -> String? {
        for line in components("\r\n") where line.lowercased().hasPrefix(name.lowercased() + ":") {
            return String(line.dropFirst(name.count + 1).drop { $0 == " " })
        }
        return nil
    }

    func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? { self[...].firstRange(of: text) }
}
