// Small files read and written whole. Not for logs and not for anything on the request path.

import Glibc

/// Whole-file work with errors that name the path.
package enum Files {
    /// The content of a file. Refused: more than `bytesMax`.
    package static func read(_ path: String, bytesMax: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError(operation: "open", subject: path) }
        let file = OwnedDescriptor(number)
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let length = Glibc.read(file.number, &block, block.count)
            if length < 0 && errno == EINTR { continue }
            guard length >= 0 else { throw SystemError(operation: "read", subject: path) }
            guard length > 0 else { return content }
            guard content.count + length <= bytesMax else {
                throw SystemError(errno: EFBIG, operation: "read", subject: path)
            }
            content += block[..<length]
        }
    }

    /// Puts `content` at `path` so that a reader finds the old file or the new one, never half of one. Mode 0600.
    ///
    /// Survives the end of this process, not a power failure: nothing is synced.
    package static func replace(_ path: String, with content: [UInt8]) throws(SystemError) {
        let draft = path + ".new"
        let number = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError(operation: "open", subject: draft) }
        let file = OwnedDescriptor(number)
        var rest = content[...]
        while !rest.isEmpty {
            let length = rest.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if length < 0 && errno == EINTR { continue }
            guard length >= 0 else { throw SystemError(operation: "write", subject: draft) }
            rest = rest.dropFirst(length)
        }
        guard rename(draft, path) == 0 else { throw SystemError(operation: "rename", subject: draft) }
    }

    /// Whether the file system of `path` has no room left for this user. `false` when that can't be told.
    package static func isFull(fileSystemOf path: String) -> Bool {
        var state = statvfs()
        return statvfs(path, &state) == 0 && state.f_blocks > 0 && state.f_bavail == 0
    }

    /// Removes a file; that there is none is fine.
    package static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError(operation: "remove", subject: path) }
    }

    /// Makes a directory and those above it that are missing. Those that exist keep their mode.
    package static func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { fallthrough }
            try makeDirectory(String(path[..<slash]), mode: mode)
            guard mkdir(path, mode) == 0 || errno == EEXIST else { fallthrough }
        default: throw SystemError(operation: "make directory", subject: path)
        }
    }

    /// The names in a directory but `.` and `..`, in order of their bytes.
    package static func names(in directory: String) throws(SystemError) -> [String] {
        guard let stream = opendir(directory) else { throw SystemError(operation: "open", subject: directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
