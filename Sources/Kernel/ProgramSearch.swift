// Finds the file of a program the way a shell does, before the child exists: what the child may not do is search.

import Glibc

/// Looking up programs in `PATH`.
package enum ProgramSearch {
    /// The file to execute for `program`: itself when it has a `/`, else the first executable file of that name in the
    /// directories of `path` (`PATH`; without one, `/usr/local/bin:/usr/bin:/bin`). A directory that is not absolute is
    /// taken from `directory`.
    package static func find(
        _ program: String, path: String?, from directory: String?
    ) throws(SystemError) -> String {
        guard !program.isEmpty else {
            throw SystemError(errno: EINVAL, operation: "exec", subject: "an empty program name")
        }
        if program.contains("/") { return program }
        let path = path ?? "/usr/local/bin:/usr/bin:/bin"
        for entry in path.split(separator: ":", omittingEmptySubsequences: false) {
            var candidate = entry.isEmpty ? program : "\(entry)/\(program)"
            if !candidate.hasPrefix("/"), let directory { candidate = "\(directory)/\(candidate)" }
            var status = stat()
            guard stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw SystemError(
            errno: ENOENT, operation: "exec", subject: program, reason: "no program of that name in PATH (\(path))",
            hint: "write its path, such as ./\(program), or add its directory to PATH")
    }
}
