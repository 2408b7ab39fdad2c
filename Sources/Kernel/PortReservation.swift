// A port kept free for an instance. The socket is bound but never listens: the kernel then gives the port to nobody
// who asks for any port, while a server that sets SO_REUSEADDR, as practically every one does, can listen on it.

import CKernel
import Glibc
import Vocabulary

/// A TCP port of 127.0.0.1 that stays reserved as long as this object lives.
package final class PortReservation: Sendable {
    package let port: UInt16
    private let descriptor: OwnedDescriptor

    /// Reserves any free port, or `port`. `EADDRINUSE` when somebody listens on that one.
    package init(port: UInt16 = 0) throws(SystemError) {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let number = socket(AF_INET, kind, 0)
        guard number >= 0 else { throw SystemError(operation: "open socket for", subject: "a port reservation") }
        let descriptor = OwnedDescriptor(number)
        var one: CInt = 1
        guard setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size)) == 0,
            let address = SocketAddress(.tcp(host: "127.0.0.1", port: port)),
            address.withSockAddr({ bind(number, $0, $1) }) == 0
        else {
            throw SystemError(
                operation: "reserve", subject: "port \(port == 0 ? "of 127.0.0.1" : String(port))",
                hint: port == 0 ? "/proc/sys/net/ipv4/ip_local_port_range may be used up" : nil)
        }
        guard case .tcp(_, let given) = try SocketAddress.local(of: number).endpoint else {
            preconditionFailure("a socket of AF_INET has a TCP endpoint")
        }
        self.port = given
        self.descriptor = descriptor
    }
}
