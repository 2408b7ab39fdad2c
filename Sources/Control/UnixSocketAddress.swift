// The address of a unix socket in the form the kernel takes. Not for TCP: see `Kernel`.

import Glibc

/// A path as `sockaddr_un`.
struct UnixSocketAddress {
    /// `sun_path` holds 108 bytes with its terminator (unix(7)).
    static let pathLengthMax = 107

    private var address: sockaddr_un

    /// `nil` when the path is too long.
    init?(path: String) {
        guard path.utf8.count <= Self.pathLengthMax else { return nil }
        address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    /// A connected descriptor, which the caller closes; `nil` when nobody answers.
    func connect() -> CInt? {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
