// A tiny HTTP/1.1 server whose every answer is scripted, for tests of the load generator: it can do what servers should
// not. One thread per connection. Not fast, not strict.

import Foundation
import Glibc
import Synchronization

/// Listens on a free port of the loopback until it is released.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
        /// Which connection, from 0, and which request on it, from 0.
        var connection: Int
        var indexOnConnection: Int

        var id: String { headers["x-request-id"] ?? "" }
    }

    enum Reply: Sendable {
        case answer(Int, headers: [String: String] = [:], body: String = "")
        /// Closes without a byte.
        case close
        /// Closes so that the peer sees a reset.
        case reset
        /// Promises more than it sends, then closes.
        case truncated
        case garbage
        /// Keeps the connection open and says nothing.
        case silence
    }

    let port: UInt16
    private let listener: CInt
    private let seen = Mutex<[Request]>([])
    private let connections = Mutex(0)

    var requests: [Request] { seen.withLock { $0 } }
    var connectionCount: Int { connections.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    init(_ script: @escaping @Sendable (Request) -> Reply) {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, length) == 0)
                precondition(listen(listener, 512) == 0)
                precondition(getsockname(listener, pointer, &length) == 0)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        self.port = port
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                guard let self else {
                    Glibc.close(connection)
                    break
                }
                let number = self.connections.withLock { count in
                    defer { count += 1 }
                    return count
                }
                let serve: @Sendable () -> Void = { self.serve(connection, number: number, script) }
                Thread.detachNewThread(serve)
            }
            Glibc.close(listener)
        }
    }

    /// Stops listening: connections are refused from then on.
    func stop() { shutdown(listener, CInt(SHUT_RDWR)) }

    deinit { stop() }

    private func serve(_ connection: CInt, number: Int, _ script: (Request) -> Reply) {
        defer { Glibc.close(connection) }
        var carry: [UInt8] = []
        var index = 0
        while let request = Self.read(connection, &carry, connection: number, index: index) {
            index += 1
            seen.withLock { $0.append(request) }
            switch script(request) {
            case .answer(let status, let headers, let body):
                var text = "HTTP/1.1 \(status) Scripted\r\nContent-Length: \(body.utf8.count)\r\n"
                text += headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n" + (request.method == "HEAD" ? "" : body)
                guard Self.write(connection, text) else { return }
            case .close: return
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return
            case .truncated:
                _ = Self.write(
                    connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Request-Id: \(request.id)\r\n\r\npart")
                return
            case .garbage:
                _ = Self.write(connection, "this is no HTTP\r\n\r\n")
                return
            case .silence:
                var byte: UInt8 = 0
                _ = recv(connection, &byte, 1, 0)
                return
            }
        }
    }

    private static func write(_ connection: CInt, _ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }

    private static func read(_ connection: CInt, _ carry: inout [UInt8], connection number: Int, index: Int) -> Request?
    {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        func more() -> Bool {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 0 { carry.append(contentsOf: buffer[..<count]) }
            return count > 0
        }
        let end = Array("\r\n\r\n".utf8)
        var head: Range<Int>?
        while head == nil {
            head = carry.firstRange(of: end)
            if head == nil, !more() { return nil }
        }
        let lines = String(decoding: carry[..<head!.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        let length = Int(headers["content-length"] ?? "0") ?? 0
        while carry.count < head!.upperBound + length { if !more() { return nil } }
        let body = String(decoding: carry[head!.upperBound..<(head!.upperBound + length)], as: UTF8.self)
        carry.removeFirst(head!.upperBound + length)
        return Request(
            method: words[0], path: words[1], headers: headers, body: body, connection: number,
            indexOnConnection: index)
    }
}
