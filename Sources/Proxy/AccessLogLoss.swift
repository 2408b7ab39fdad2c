// How many lines the access log did not take: a full disk must not stop traffic, but somebody has to be told.

import Synchronization

/// The count of this process, over all its workers and access logs. Safe from any thread.
package enum AccessLogLoss {
    private static let count = Atomic<Int>(0)

    /// Lines lost since the process started.
    package static var lines: Int { count.load(ordering: .relaxed) }

    static func add(lines: Int) { count.wrappingAdd(lines, ordering: .relaxed) }
}
