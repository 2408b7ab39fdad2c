// The sockets behind one listener: as many as there are workers, all on one endpoint, so that each worker accepts from
// a queue of its own. Opened once and kept as long as the front door lives: closing one would drop its queue.

import CKernel
import Glibc
import Vocabulary

/// Listening sockets that share an endpoint. Non-blocking and close-on-exec; closed with this object.
package final class ListeningSockets: Sendable {
    /// One per worker. Those of a unix socket are duplicates of one.
    package let descriptors: [CInt]
    /// The address they really have: port 0 is replaced by the port it got.
    package let bound: Endpoint

    /// Opens `count` (1…64) sockets on a numeric or resolvable endpoint (the first address of a name is taken) and
    /// listens on them.
    ///
    /// Refused with an error that tells the operator what to do: an endpoint that somebody else listens on, one that
    /// this user may not take, an address that no interface has.
    package init(_ endpoint: Endpoint, count: Int) throws(SystemError) {
        guard KernelLimits.socketsPerListener.contains(count) else {
            throw SystemError(
                errno: EINVAL, operation: "listen on", subject: endpoint.description,
                reason:
                    "\(count) sockets were asked for; 1 to \(KernelLimits.socketsPerListener.upperBound) are allowed")
        }
        guard let address = try SocketAddress.resolve(endpoint).first else {
            throw SystemError(errno: EADDRNOTAVAIL, operation: "listen on", subject: endpoint.description)
        }
        var opened: [CInt] = []
        do {
            if case .unix(let path) = endpoint {
                try Self.openUnix(path, address: address, count: count, into: &opened)
                bound = endpoint
            } else {
                bound = try Self.openTCP(address, count: count, into: &opened)
            }
        } catch {
            for number in opened { close(number) }
            throw error
        }
        descriptors = opened
    }

    deinit {
        for number in descriptors { close(number) }
        if case .unix(let path) = bound { unlink(path) }
    }

    /// The first socket binds *without* `SO_REUSEPORT`: that fails when anybody listens there already, even under the
    /// same user with `SO_REUSEPORT`. Only then does it get the option, and the others join it. All bind before the
    /// first one listens, so that no connection is queued on fewer sockets than there will be.
    private static func openTCP(
        _ address: SocketAddress, count: Int, into opened: inout [CInt]
    ) throws(SystemError) -> Endpoint {
        let subject = address.description
        let first = try socket(family: address.family, subject: subject)
        opened.append(first)
        try enable(SO_REUSEADDR, on: first, subject: subject)
        try bind(first, to: address)
        try enable(SO_REUSEPORT, on: first, subject: subject)
        let bound = try SocketAddress.local(of: first)
        for _ in 1..<max(1, count) {
            let next = try socket(family: address.family, subject: subject)
            opened.append(next)
            try enable(SO_REUSEADDR, on: next, subject: subject)
            try enable(SO_REUSEPORT, on: next, subject: subject)
            try bind(next, to: bound)
        }
        for number in opened where Glibc.listen(number, KernelLimits.backlog) != 0 {
            throw explain("listen on", bound.endpoint)
        }
        return bound.endpoint
    }

    private static func openUnix(
        _ path: String, address: SocketAddress, count: Int, into opened: inout [CInt]
    ) throws(SystemError) {
        let first = try socket(family: AF_UNIX, subject: path)
        opened.append(first)
        do {
            try bind(first, to: address)
        } catch  where error.errno == EADDRINUSE && isStale(address) {
            // Nobody answers there: what an earlier front door left behind.
            try Files.remove(path)
            try bind(first, to: address)
        }
        guard Glibc.listen(first, KernelLimits.backlog) == 0 else { throw explain("listen on", address.endpoint) }
        for _ in 1..<max(1, count) {
            let copy = fcntl(first, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { throw SystemError(operation: "duplicate", subject: path) }
            opened.append(copy)
        }
    }

    /// Whether a unix socket's path exists, but nobody listens on it.
    private static func isStale(_ address: SocketAddress) -> Bool {
        guard let number = try? socket(family: AF_UNIX, subject: "") else { return false }
        defer { close(number) }
        let result = address.withSockAddr { Glibc.connect(number, $0, $1) }
        return result != 0 && errno == ECONNREFUSED
    }

    private static func socket(family: CInt, subject: String) throws(SystemError) -> CInt {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let number = Glibc.socket(family, kind, 0)
        guard number >= 0 else { throw SystemError(operation: "open socket for", subject: subject) }
        return number
    }

    private static func enable(_ option: CInt, on socket: CInt, subject: String) throws(SystemError) {
        var one: CInt = 1
        guard setsockopt(socket, SOL_SOCKET, option, &one, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw SystemError(operation: "set option \(option) of", subject: subject)
        }
    }

    private static func bind(_ socket: CInt, to address: SocketAddress) throws(SystemError) {
        guard address.withSockAddr({ Glibc.bind(socket, $0, $1) }) == 0 else {
            throw explain("listen on", address.endpoint)
        }
    }

    /// The error of the call just made, with the operator's next step.
    private static func explain(_ operation: String, _ endpoint: Endpoint) -> SystemError {
        var error = SystemError(operation: operation, subject: endpoint.description)
        switch (error.errno, endpoint) {
        case (EADDRINUSE, .tcp(_, let port)):
            let owner = PortOwner.find(port: port)
            error.hint =
                owner.map { "\($0) listens there: stop it, or choose another port" }
                ?? "another process listens there: `ss -ltnp 'sport = :\(port)'` as root tells which"
        case (EADDRINUSE, .unix(let path)):
            error.hint = "another process listens on \(path), or it is not a socket"
        case (EACCES, .tcp(_, let port)):
            error.hint =
                "only root and CAP_NET_BIND_SERVICE may take port \(port): choose one from 1024 up, start as root, or"
                + " run `setcap cap_net_bind_service=+ep` on the program"
        case (EACCES, .unix(let path)):
            error.hint = "this user may not make \(path)"
        case (EADDRNOTAVAIL, _):
            error.hint = "no interface of this machine has that address: `ip address` lists those there are"
        default: break
        }
        return error
    }
}
