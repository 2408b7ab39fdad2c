// The file of the admin API's unix socket: who may put it there, with which mode, and who removes it.
//
// Whoever can connect can stop the front door, so at no moment may the socket be open to others than its owner:
// 1. it is bound inside a fresh directory of mode 0700, where nobody else can reach it;
// 2. its mode is set to 0600 there;
// 3. it is renamed to its place, which also replaces, in one step, the socket file that a killed server left behind.
// A umask around `bind` would do as well, but it belongs to the whole process: directories that other threads make in
// that moment would lose their execute bit.
// Before that, a connection attempt finds out whether another server lives behind an old socket file. Two servers that
// start in the same instant are kept apart by the lock on the state directory, not here.

import Administration
import Glibc

/// A unix socket on its way to its path. Isolation: used by one task, from `claim` to `withdraw`.
struct AdminSocket: Sendable {
    /// In bytes. The kernel would take 107; SwiftNIO takes no more than what every system does.
    static let pathLengthMax = 103

    /// Where clients will find it.
    let path: String
    private let nursery: String
    /// Where the server binds it first.
    var pathToBind: String { nursery + "/s" }

    /// Checks that nothing lives at `path` and prepares a private place to bind at.
    static func claim(_ path: String) throws(AdministrationError) -> AdminSocket {
        guard path.utf8.count <= pathLengthMax, !path.utf8.contains(0) else {
            throw AdministrationError(
                code: .invalid,
                message: "the admin socket's path is longer than \(pathLengthMax) bytes: \(path)",
                hint: "choose a shorter one with --admin or --state")
        }
        try requireVacant(path)
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        // As short as the default name, `admin.sock`, so that what fits at the end also fits here.
        var template = Array("\(directory)/.aXXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw AdministrationError(
                code: .unavailable,
                message: "can't create the admin socket in \(directory): \(String(cString: strerror(errno)))",
                hint: "the directory must exist and be writable for this user")
        }
        let nursery = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return AdminSocket(path: path, nursery: nursery)
    }

    /// Gives the bound socket its mode and its place.
    func publish() throws(AdministrationError) {
        guard chmod(pathToBind, 0o600) == 0, rename(pathToBind, path) == 0 else {
            let cause = errno
            throw AdministrationError(
                code: .unavailable,
                message: "can't put the admin socket at \(path): \(String(cString: strerror(cause)))",
                hint: "the directory must be writable for this user")
        }
        rmdir(nursery)
    }

    /// Removes what is left of a socket that was not, or is no longer, served.
    ///
    /// `identity` tells the published file: one that another server has put in its place meanwhile stays.
    func withdraw(identity: FileIdentity?) {
        unlink(pathToBind)
        rmdir(nursery)
        if let identity, FileIdentity(path: path) == identity { unlink(path) }
    }

    private static func requireVacant(_ path: String) throws(AdministrationError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw AdministrationError(
                code: .conflict, message: "\(path) is there and is not a socket",
                hint: "move it away, or name another admin socket with --admin")
        }
        guard let probe = UnixSocketAddress(path: path).flatMap({ $0.connect() }) else { return }
        close(probe)
        throw AdministrationError(
            code: .conflict, message: "another front door already answers on \(path)",
            hint: "stop it with `portico stop --admin \(path)`, or choose another --state")
    }
}

/// Which file it is, whatever its name.
struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt

    /// `nil` when there is none at `path`.
    init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}
