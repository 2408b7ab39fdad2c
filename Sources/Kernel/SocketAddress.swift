// An address in the kernel's form, ready for bind and connect, and the way there from what people write.

import CKernel
import Glibc
import Vocabulary

/// A socket address in the kernel's own form: IPv4, IPv6 or a unix path.
package struct SocketAddress: Sendable {
    // Room for every family: `sockaddr_un` has 110 bytes, this has 128.
    private var storage: sockaddr_storage
    /// How many bytes of the form are in use.
    package let length: socklen_t

    /// Copies the first `length` bytes of a form that the kernel filled in. Longer ones are cut to what fits.
    package init(_ storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
    }

    /// The form of a numeric endpoint; `nil` when its host is a name (`resolve` looks those up) or its path too long.
    package init?(_ endpoint: Endpoint) {
        switch endpoint {
        case .tcp(let host, let port): self.init(host: host, port: port)
        case .unix(let path): self.init(path: path)
        }
    }

    private init?(host: String, port: UInt16) {
        var v4 = sockaddr_in()
        if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            self.init(copying: v4, length: MemoryLayout<sockaddr_in>.size)
            return
        }
        var v6 = sockaddr_in6()
        guard inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 else { return nil }
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        self.init(copying: v6, length: MemoryLayout<sockaddr_in6>.size)
    }

    private init?(path: String) {
        var un = sockaddr_un()
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), bytes.count < MemoryLayout.size(ofValue: un.sun_path) else {
            return nil
        }
        un.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &un.sun_path) { $0.copyBytes(from: bytes) }
        let head = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: un.sun_path)
        self.init(copying: un, length: head + bytes.count + 1)
    }

    private init<Form>(copying form: Form, length: Int) {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { room in
            withUnsafeBytes(of: form) { room.copyMemory(from: $0) }
        }
        self.init(storage, length: socklen_t(length))
    }

    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    package var family: CInt { CInt(storage.ss_family) }

    /// Lends the address in the form that `bind` and `connect` take.
    @inline(__always)
    package func withSockAddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The address as people write it: always numeric. An unnamed unix socket has an empty path.
    package var endpoint: Endpoint {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                let form = bytes.loadUnaligned(as: sockaddr_in.self)
                return .tcp(host: Self.text(AF_INET, form.sin_addr), port: UInt16(bigEndian: form.sin_port))
            case AF_INET6:
                var form = sockaddr_in6()
                withUnsafeMutableBytes(of: &form) {
                    $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<$0.count]))
                }
                return .tcp(host: Self.text(AF_INET6, form.sin6_addr), port: UInt16(bigEndian: form.sin6_port))
            default:
                let path = bytes.prefix(Int(length)).dropFirst(MemoryLayout<sa_family_t>.size)
                return .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
            }
        }
    }

    private static func text<Address>(_ family: CInt, _ address: Address) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { room in
            withUnsafePointer(to: address) { pointer in
                inet_ntop(family, pointer, room.baseAddress!, socklen_t(room.count)).map { String(cString: $0) } ?? ""
            }
        }
    }

    /// Every address an endpoint stands for, in the resolver's order, at least one. Numeric ones are not looked up.
    ///
    /// Blocks while a name is looked up (the system resolver's own time-outs: seconds): never on an event loop.
    package static func resolve(_ endpoint: Endpoint) throws(SystemError) -> [SocketAddress] {
        if let numeric = SocketAddress(endpoint) { return [numeric] }
        guard case .tcp(let host, let port) = endpoint else {
            throw SystemError(
                errno: ENAMETOOLONG, operation: "resolve", subject: endpoint.description,
                hint: "the path of a unix socket has 1 to 107 bytes")
        }
        var wanted = addrinfo()
        wanted.ai_family = AF_UNSPEC
        wanted.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &wanted, &first)
        guard code == 0 else {
            throw SystemError(
                errno: code == EAI_SYSTEM ? errno : 0, operation: "resolve", subject: host,
                reason: code == EAI_SYSTEM ? nil : String(cString: gai_strerror(code)),
                hint: "check the spelling, /etc/hosts and the name servers in /etc/resolv.conf")
        }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let form = entry.ai_addr, Int(entry.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size {
                var storage = sockaddr_storage()
                withUnsafeMutableBytes(of: &storage) {
                    $0.copyMemory(from: UnsafeRawBufferPointer(start: form, count: Int(entry.ai_addrlen)))
                }
                found.append(SocketAddress(storage, length: entry.ai_addrlen))
            }
            next = entry.ai_next
        }
        guard !found.isEmpty else {
            throw SystemError(errno: 0, operation: "resolve", subject: host, reason: "the name has no address")
        }
        return found
    }

    /// The local address of a bound socket: tells the port that port 0 became.
    package static func local(of descriptor: CInt) throws(SystemError) -> SocketAddress {
        try name(of: descriptor, operation: "getsockname", getsockname)
    }

    /// The address of the other side of a connected socket.
    package static func peer(of descriptor: CInt) throws(SystemError) -> SocketAddress {
        try name(of: descriptor, operation: "getpeername", getpeername)
    }

    private static func name(
        of descriptor: CInt, operation: String,
        _ call: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
        }
        guard result == 0 else { throw SystemError(operation: operation, subject: "descriptor \(descriptor)") }
        return SocketAddress(storage, length: length)
    }
}

extension SocketAddress: Hashable, CustomStringConvertible {
    package static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        left.length == right.length
            && left.withBytes { bytes in right.withBytes { bytes.elementsEqual($0) } }
    }

    package func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: $0) }
    }

    private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: storage) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }

    package var description: String { endpoint.description }
}
