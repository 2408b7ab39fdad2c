// What the balancer wrote down of every request, joined to the client's numbers. What the judges read; the reading of
// the file is `LedgerReader`'s work.

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
