// Unix sockets without help, for what a proper client or server would not do.

import Foundation
import Testing

enum UnixSocket {
    /// A descriptor bound to `path`, not listening.
    static func bound(_ path: String) throws -> CInt {
        try with(path) { bind($0, $1, $2) }
    }

    /// A descriptor connected to `path`.
    static func connected(_ path: String) throws -> CInt {
        try with(path) { connect($0, $1, $2) }
    }

    private static func with(
        _ path: String, _ call: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0, "\(path): errno \(errno)")
        return descriptor
    }
}

/// An HTTP response as it came.
struct RawAnswer {
    var status: Int
    var head: String
    var body: String
}

/// Sends one request and reads until the server closes.
func ask(_ method: String, _ path: String, _ body: String, socket: String) throws -> RawAnswer {
    let descriptor = try UnixSocket.connected(socket)
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let request =
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    try handle.write(contentsOf: Data((request + body).utf8))
    let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
    let end = try #require(text.range(of: "\r\n\r\n"), "no complete head: \(text.prefix(200))")
    let status = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    return RawAnswer(status: status, head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
}
