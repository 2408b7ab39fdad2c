// Which certificate is for which host: asked once per handshake, and once per request over TLS.

/// Host names and what each leads to. A value; may be shared between threads.
///
/// A wildcard stands for exactly one label (RFC 9525 §6.3), and an exact name goes before it. Where a name is given
/// twice, the first one counts.
package struct ServerNames: Sendable {
    private struct Entry {
        /// In `texts`; of a wildcard without `*`, so that it begins with the dot.
        var text: Range<Int>
        var number: Int
    }

    private var texts: [UInt8] = []
    /// By length, then by bytes.
    private var exact: [Entry] = []
    private var wildcards: [Entry] = []

    /// `names`: lower case, `*.` in front of wildcards.
    package init(_ names: [(name: String, number: Int)]) {
        for (name, number) in names {
            let isWildcard = name.hasPrefix("*.")
            let text = isWildcard ? name.dropFirst() : name[...]
            let start = texts.count
            texts.append(contentsOf: text.utf8)
            let entry = Entry(text: start..<texts.count, number: number)
            if isWildcard { wildcards.append(entry) } else { exact.append(entry) }
        }
        let texts = texts
        let order: (Entry, Entry) -> Bool = { left, right in
            if left.text.count != right.text.count { return left.text.count < right.text.count }
            if texts[left.text] != texts[right.text] {
                return texts[left.text].lexicographicallyPrecedes(texts[right.text])
            }
            // The first one given stays first.
            return left.text.lowerBound < right.text.lowerBound
        }
        exact.sort(by: order)
        wildcards.sort(by: order)
    }

    /// What `host` leads to; `nil` when no name covers it. `host` comes in any case, with or without a port and a dot at
    /// its end. Allocates nothing.
    package func number(for host: UnsafeRawBufferPointer) -> Int? {
        let name = UnsafeRawBufferPointer(rebasing: host[..<Self.nameLength(of: host)])
        guard !name.isEmpty else { return nil }
        if let number = find(name, in: exact) { return number }
        guard let dot = name.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        return find(UnsafeRawBufferPointer(rebasing: name[dot...]), in: wildcards)
    }

    private func find(_ name: UnsafeRawBufferPointer, in entries: [Entry]) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if compare(entries[middle].text, name) < 0 { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && compare(entries[low].text, name) == 0 ? entries[low].number : nil
    }

    private func compare(_ text: Range<Int>, _ name: UnsafeRawBufferPointer) -> Int {
        guard text.count == name.count else { return text.count - name.count }
        for offset in 0..<name.count {
            var byte = name[offset]
            if byte &- 0x41 < 26 { byte |= 0x20 }
            let difference = Int(texts[text.lowerBound + offset]) - Int(byte)
            if difference != 0 { return difference }
        }
        return 0
    }

    /// The bytes before the port and before a dot at the end.
    private static func nameLength(of host: UnsafeRawBufferPointer) -> Int {
        // An address in brackets is compared without them.
        var length = host.firstIndex(of: UInt8(ascii: ":")) ?? host.count
        if length > 1, host[length - 1] == UInt8(ascii: ".") { length -= 1 }
        return length
    }
}
