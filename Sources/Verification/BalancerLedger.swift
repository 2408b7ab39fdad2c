// What the balancer wrote down of every request, joined to the client's numbers. What the judges read; the reading of
// the file is `LedgerReader`'s work.

/// One line of the access log. Times are microseconds since 1970.
package struct BalancerEntry: Sendable, Hashable {
    /// The client's number, if the request id is one of this run's and carries a number.
    package var number: UInt64?
    /// The id begins with this run's nonce and is yet no id that the driver could have made.
    package var isForged = false
    /// Texts of the ledger; 0 is none.
    package var service: UInt16 = 0
    package var instance: UInt16 = 0
    package var release: UInt16 = 0
    package var reason: UInt16 = 0
    /// Every backend that was tried, the last one included; empty when none was.
    package var tried: [UInt16] = []
    package var status: UInt16 = 0
    package var attempts: UInt16 = 0
    /// When the answer had ended.
    package var time: Int64 = 0
    package var totalMicroseconds: Int64 = 0
    package var revision: UInt64 = 0

    package init() {}
}

/// The balancer's ledger, in the order of the file.
package struct BalancerLedger: Sendable {
    package var entries: [BalancerEntry] = []
    package var texts = TextTable()
    /// Lines that could not be read, with their line number; at most the first 20 are kept.
    package var unreadable: [String] = []
    package var unreadableCount = 0

    package init() {}

    /// For each number below `count` the index of its entry: -1 none, -2 more than one.
    package func index(count: Int) -> [Int32] {
        var result = [Int32](repeating: -1, count: count)
        for (position, entry) in entries.enumerated() {
            guard let number = entry.number, number < UInt64(count) else { continue }
            result[Int(number)] = result[Int(number)] == -1 ? Int32(position) : -2
        }
        return result
    }
}
