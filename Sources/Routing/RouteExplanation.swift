// Why a request goes where it goes: the text of `portico route explain`. It applies the rules once more, in words, to
// one request; the data plane's `RouteMatcher` answers the same (a test compares the two).

import HTTPWire
import Vocabulary

/// What became of every route for one request.
package struct RouteExplanation: Hashable, Sendable {
    /// What a route came to.
    package enum Outcome: Hashable, Sendable {
        case won
        /// It fits the request too.
        case lessSpecific
        case otherHost
        case otherPath
    }

    /// A route and what it came to.
    package struct Line: Hashable, Sendable {
        package var route: Route
        package var outcome: Outcome
    }

    package var host: String?
    package var path: String
    /// In the order they were asked.
    package var lines: [Line]

    /// Where the request goes; `nil` when nowhere.
    package var service: ServiceName? {
        lines.first { $0.outcome == .won }?.route.service
    }
}

extension RoutingTable {
    /// Asks every route about a request for `host` (with or without port, `nil` when it names none) and `path`
    /// (without query), which is brought into its normal form first, as the data plane does.
    package func explain(host: String?, path: String) -> RouteExplanation {
        let name = host.map(Self.hostName)
        let path = NormalPath.of(path)
        var isWon = false
        let lines = routes.sorted(by: Route.order).map { route in
            let outcome: RouteExplanation.Outcome
            if !Self.fits(route.host, name) {
                outcome = .otherHost
            } else if !Self.fits(route.prefix, path) {
                outcome = .otherPath
            } else if isWon {
                outcome = .lessSpecific
            } else {
                isWon = true
                outcome = .won
            }
            return RouteExplanation.Line(route: route, outcome: outcome)
        }
        return RouteExplanation(host: host, path: path, lines: lines)
    }

    private static func hostName(_ host: String) -> String {
        var name = Substring(host.lowercased())
        if name.hasPrefix("[") {
            if let end = name.firstIndex(of: "]") { name = name[...end] }
            return String(name)
        }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        if name.count > 1, name.hasSuffix(".") { name.removeLast() }
        return String(name)
    }

    private static func fits(_ pattern: HostPattern, _ name: String?) -> Bool {
        switch pattern {
        case .any: true
        case .exact(let exact): name == exact
        case .suffix(let suffix):
            name.map { $0.hasSuffix(".\(suffix)") && $0.utf8.count > suffix.utf8.count + 1 } ?? false
        }
    }

    private static func fits(_ prefix: Substring, _ path: String) -> Bool {
        // Bytes, not characters: a combining mark behind the `/` is still behind it.
        prefix.isEmpty || path.utf8.elementsEqual(prefix.utf8) || path.utf8.starts(with: "\(prefix)/".utf8)
    }
}

extension RouteExplanation: CustomStringConvertible {
    /// The request, the route that won and why, then every other route and why it lost. No line break at the end.
    package var description: String {
        var text = "host \(host ?? "(none)"), path \(path)"
        guard let winner = lines.first(where: { $0.outcome == .won }) else {
            return text + "\n  no route fits: answered 404" + others(beside: nil)
        }
        text += "\n  goes to \(winner.route.service) by the route \(winner.route)"
        return text + others(beside: winner.route)
    }

    private func others(beside winner: Route?) -> String {
        lines.filter { $0.outcome != .won }.map { line in
            "\n  not to \(line.route.service) by the route \(line.route): \(reason(line, winner))"
        }.joined()
    }

    private func reason(_ line: Line, _ winner: Route?) -> String {
        switch line.outcome {
        case .won: "it won"
        case .otherHost: "the host is another"
        case .otherPath: "the path is not below it"
        case .lessSpecific:
            switch (winner?.host, line.route.host) {
            case (.exact, .suffix), (.exact, .any): "an exact host goes before \(line.route.host)"
            case (.suffix, .any): "a host pattern goes before any host"
            case (.suffix(let winning), .suffix(let losing)) where winning != losing:
                "the longer host pattern goes first"
            default: "the longer path goes first"
            }
        }
    }
}

extension Route: CustomStringConvertible {
    /// `shop.example.com /api`, `any host /`.
    package var description: String { "\(host) \(prefix.isEmpty ? "/" : prefix)" }
}
