// Whether the descriptors that this process may open are enough for the connections that the settings allow. Pure.

import Settings
import Vocabulary

/// What the listeners may need of descriptors.
enum OpenFilesNeed {
    /// Logs, probes, sockets to the keeper and of the admin API.
    static let own = 100

    /// A warning when the settings promise more connections than `openFilesMax` descriptors can carry: each connection
    /// may need one to its client and one to a backend.
    static func warning(connectionsMax: [Int], openFilesMax: Int) -> String? {
        let connections = connectionsMax.reduce(0) { sum, next in
            let (total, overflow) = sum.addingReportingOverflow(next)
            return overflow ? .max : total
        }
        let room = max(0, (openFilesMax - own) / 2)
        guard connections > room else { return nil }
        return "the listeners allow \(connections) connections, but with \(openFilesMax) open files there is room for "
            + "about \(room): raise the hard limit (ulimit -Hn, LimitNOFILE=) or lower limits.connections"
    }
}
