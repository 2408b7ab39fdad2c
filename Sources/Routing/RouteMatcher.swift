// The compiled form of a table's routes: built once per revision, asked once per request. `Route.order` is the rule;
// this is the same rule without an allocation. Not for the choice of a backend: that is `Balancing`'s work.

import Vocabulary

/// Finds the service of a request. A value; may be shared between event-loop threads.
///
/// Exact hosts are found by binary search, suffixes and paths one after the other, longest first.
package struct RouteMatcher: Sendable {
    /// Routes that ask for the same host: the text of the host, and the range of its paths.
    private struct HostGroup {
        var text: Range<Int>
        var paths: Range<Int>
    }

    private struct PathEntry {
        var text: Range<Int>
        var service: Int
    }

    /// All host and path texts, one after the other.
    private var texts: [UInt8] = []
    /// By length, then by bytes.
    private var exactHosts: [HostGroup] = []
    /// Longest first.
    private var suffixes: [HostGroup] = []
    private var anyHost: Range<Int> = 0..<0
    /// Per host, longest first.
    private var paths: [PathEntry] = []

    /// Compiles the routes of `table`, in whatever order they are. Every route leads to a service of the table: the
    /// settings were checked, so that another one is our bug.
    package init(_ table: RoutingTable) {
        self.init(table.routes, in: table)
    }

    /// The same for another list of routes to services of `table`.
    package init(_ routes: [Route], in table: RoutingTable) {
        var indices: [ServiceName: Int] = [:]
        for (index, service) in table.services.enumerated() { indices[service.name] = index }
        let routes = routes.sorted(by: Route.order)
        var next = routes.startIndex
        while next < routes.endIndex {
            let host = routes[next].host
            let firstPath = paths.count
            while next < routes.endIndex, routes[next].host == host {
                guard let service = indices[routes[next].service] else {
                    preconditionFailure("a route leads to \(routes[next].service), which the table does not have")
                }
                paths.append(PathEntry(text: append(routes[next].prefix), service: service))
                next += 1
            }
            let group = HostGroup(text: append(host.name[...]), paths: firstPath..<paths.count)
            switch host {
            case .exact: exactHosts.append(group)
            case .suffix: suffixes.append(group)
            case .any: anyHost = group.paths
            }
        }
        exactHosts.sort { left, right in
            left.text.count != right.text.count
                ? left.text.count < right.text.count : texts[left.text].lexicographicallyPrecedes(texts[right.text])
        }
    }

    /// The index into the table's services of the one that serves this host and path; `nil` when no route leads
    /// anywhere.
    ///
    /// `host` is the field's value as it came, with port and in any case; `nil` or empty matches routes without a host
    /// only. `path` is in normal form (`NormalPath`), without its query, and is compared byte by byte, with case (RFC 3986 §6.2.2.1). A host that
    /// no route names, and a path that the routes of its host don't have, fall back to less specific hosts.
    /// Allocates nothing.
    package func match(host: UnsafeRawBufferPointer?, path: UnsafeRawBufferPointer) -> Int? {
        if let host {
            let name = UnsafeRawBufferPointer(rebasing: host[..<Self.nameLength(of: host)])
            if let group = exactHost(name), let service = service(of: path, in: exactHosts[group].paths) {
                return service
            }
            for group in suffixes where matches(suffix: group.text, name) {
                if let service = service(of: path, in: group.paths) { return service }
            }
        }
        return service(of: path, in: anyHost)
    }

    private mutating func append(_ text: Substring) -> Range<Int> {
        let start = texts.count
        texts.append(contentsOf: text.utf8)
        return start..<texts.count
    }

    private func service(of path: UnsafeRawBufferPointer, in range: Range<Int>) -> Int? {
        for index in range {
            let text = paths[index].text
            guard path.count >= text.count else { continue }
            if path.count > text.count, !text.isEmpty, path[text.count] != UInt8(ascii: "/") { continue }
            var offset = 0
            while offset < text.count, path[offset] == texts[text.lowerBound + offset] { offset += 1 }
            if offset == text.count { return paths[index].service }
        }
        return nil
    }

    private func exactHost(_ name: UnsafeRawBufferPointer) -> Int? {
        var low = 0
        var high = exactHosts.count
        while low < high {
            let middle = low + (high - low) / 2
            let order = compare(exactHosts[middle].text, name)
            if order == 0 { return middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Negative when the stored text goes first, by length, then by bytes; 0 when they are the same but for case.
    private func compare(_ text: Range<Int>, _ name: UnsafeRawBufferPointer) -> Int {
        guard text.count == name.count else { return text.count - name.count }
        for offset in 0..<name.count {
            let difference = Int(texts[text.lowerBound + offset]) - Int(Self.lowercased(name[offset]))
            if difference != 0 { return difference }
        }
        return 0
    }

    /// Whether `name` is at least one label in front of the suffix.
    private func matches(suffix: Range<Int>, _ name: UnsafeRawBufferPointer) -> Bool {
        let lead = name.count - suffix.count
        // One character and a dot at the least.
        guard lead >= 2, name[lead - 1] == UInt8(ascii: ".") else { return false }
        for offset in 0..<suffix.count
        where texts[suffix.lowerBound + offset] != Self.lowercased(name[lead + offset]) {
            return false
        }
        return true
    }

    /// How much of a `Host` value is the name: no port, and no dot at the end of a rooted name.
    private static func nameLength(of host: UnsafeRawBufferPointer) -> Int {
        var length = host.count
        if host.first == UInt8(ascii: "[") {
            return host.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? length
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) { length = colon }
        if length > 1, host[length - 1] == UInt8(ascii: ".") { length -= 1 }
        return length
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }
}
