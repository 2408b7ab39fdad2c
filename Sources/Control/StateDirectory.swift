// Where a front door keeps its things, and under which names: one place, for the server and for those who look for it.

import Glibc

/// The state directory of one front door and the files in it.
package struct StateDirectory: Hashable, Sendable {
    /// An absolute or relative path without a slash at its end.
    package let path: String

    package init(_ path: String) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        self.path = String(path)
    }

    /// The admin API's unix socket (mode 0600).
    package var adminSocket: String { path + "/admin.sock" }
    /// Held locked by the keeper as long as it lives.
    package var keeperLock: String { path + "/keeper.lock" }
    /// JSON lines, one per request.
    package var accessLog: String { path + "/access.log" }
    /// JSON lines, one per event.
    package var eventLog: String { path + "/events.log" }
    /// The last good settings file; the one that `run` and `proxy` write.
    package var settings: String { path + "/settings.yaml" }

    /// Where the output of the instances of `service` goes, one file each: `<instance>.log`.
    package func instanceLogs(service: String) -> String { "\(path)/logs/\(service)" }

    /// `/var/lib/portico` for root, `~/.local/state/portico` (or below `XDG_STATE_HOME`) for everybody else.
    ///
    /// Without `HOME` the password database tells the home directory. Pure but for that.
    package static func standard(isRoot: Bool, environment: [String: String]) -> StateDirectory {
        if isRoot { return StateDirectory("/var/lib/portico") }
        // The XDG Base Directory Specification says to ignore a relative path there.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return StateDirectory(state + "/portico") }
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? homeFromPasswordDatabase()
        return StateDirectory(home + "/.local/state/portico")
    }

    private static func homeFromPasswordDatabase() -> String {
        guard let entry = getpwuid(getuid()), let home = entry.pointee.pw_dir else { return "/" }
        return String(cString: home)
    }
}
