// What this process may use of the machine: memory and descriptors.

import Glibc

/// Bounds that the system sets.
package enum MachineLimits {
    /// Bytes of memory: the machine's, or less where a control group says so. Reads files: not for an event loop.
    package static var memoryBytes: Int {
        let pages = max(1, sysconf(Int32(_SC_PHYS_PAGES))) * max(1, sysconf(Int32(_SC_PAGESIZE)))
        // In a container the own group is the root that is seen; version 2, then version 1.
        let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        let bounds = files.compactMap { path -> Int? in
            guard let text = try? Files.read(path) else { return nil }
            return Int(String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self))
        }
        return bounds.reduce(pages, min)
    }

    /// Lets this process open as many files as the system allows it. Children that were given a limit keep theirs.
    package static func raiseOpenFiles() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }
}
