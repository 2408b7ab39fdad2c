// The shared directory's contract, first stage: a directory that exists, can be written, and is handed to every
// instance by path. Not for mounts, quotas or probes of what a file system promises: those come later.

import Vocabulary

#if canImport(FoundationEssentials)
    import FoundationEssentials
    import Glibc
#else
    import Foundation
#endif

/// A directory that the instances of one or more services share.
package struct ShareDirectory: Hashable, Sendable {
    package let name: ShareName
    /// Absolute.
    package let path: String

    /// Creates the directory (mode 0750, parents too) unless it is there, and shows that it can be written by writing,
    /// renaming and removing a file in it.
    ///
    /// Throws `ShareError` with the failed step, the path and what to do next.
    package static func prepare(name: ShareName, path: String) throws(ShareError) -> ShareDirectory {
        let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        do {
            try FileManager.default.createDirectory(
                atPath: absolute, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw ShareError(share: name, path: absolute, operation: "create", cause: "\(error)")
        }
        let probe = absolute + "/.portico-probe-\(getpid())"
        do {
            try Data("portico".utf8).write(to: URL(fileURLWithPath: probe + ".new"))
            guard rename(probe + ".new", probe) == 0 else {
                throw ShareError(
                    share: name, path: absolute, operation: "rename in", cause: String(cString: strerror(errno)))
            }
            try FileManager.default.removeItem(atPath: probe)
        } catch let error as ShareError {
            throw error
        } catch {
            throw ShareError(share: name, path: absolute, operation: "write to", cause: "\(error)")
        }
        return ShareDirectory(name: name, path: absolute)
    }

    /// The variable that carries the path to an instance: `SHARE_` and the name in upper case, `_` for the rest.
    package var environmentVariable: String {
        "SHARE_"
            + String(
                name.rawValue.uppercased().map { character in
                    character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
                })
    }
}

/// A shared directory that can't be used.
package struct ShareError: Error, Sendable, CustomStringConvertible {
    package let share: ShareName
    package let path: String
    /// What was tried, as a verb: `create`, `write to`, `rename in`.
    package let operation: String
    package let cause: String

    package var description: String {
        """
        can't \(operation) the shared directory `\(share)` at \(path): \(cause)
          hint: give the share a path that this user may write, or create the directory and `chown` it
        """
    }
}
