// Which of two routes is asked first, and when two are the same.

import HTTPWire
import Vocabulary

extension Route {
    /// Whether `left` is asked before `right`: exact host before suffix before any host, longer suffix before shorter,
    /// then the longer path. Ties are broken by the text, so that the order never depends on the settings file's.
    package static func order(_ left: Route, _ right: Route) -> Bool {
        let (leftRank, rightRank) = (left.host.rank, right.host.rank)
        if leftRank != rightRank { return leftRank < rightRank }
        let (leftHost, rightHost) = (left.host.name, right.host.name)
        if leftHost.utf8.count != rightHost.utf8.count { return leftHost.utf8.count > rightHost.utf8.count }
        if leftHost != rightHost { return leftHost < rightHost }
        let (leftPath, rightPath) = (left.prefix, right.prefix)
        if leftPath.utf8.count != rightPath.utf8.count { return leftPath.utf8.count > rightPath.utf8.count }
        return leftPath < rightPath
    }

    /// The path in its normal form without slashes at its end: `/api/`, `/%61pi` and `/api` are the same rule, `/` is
    /// empty and matches all.
    package var prefix: Substring {
        var prefix = NormalPath.of(path)[...]
        while prefix.utf8.last == UInt8(ascii: "/") { prefix.removeLast() }
        return prefix
    }
}

extension HostPattern {
    /// 0 for the most specific kind.
    var rank: Int {
        switch self {
        case .exact: 0
        case .suffix: 1
        case .any: 2
        }
    }

    /// What is compared with the host: the name, the suffix without `*.`, or nothing.
    var name: String {
        switch self {
        case .exact(let name), .suffix(let name): name
        case .any: ""
        }
    }
}
