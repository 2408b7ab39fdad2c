// `portico route explain METHOD URL --file FILE`.

import ArgumentParser
import Control
import Foundation
import Routing
import Settings
import Vocabulary

struct RouteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Say where requests go.", subcommands: [Explain.self])

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which route a request takes, and why not the others.",
            discussion: """
                Reads the routes of a settings file; nothing is started and nothing is asked.
                Exits with 0 if a route fits, and with 1 if the request would be answered 404.

                Example:
                  portico route explain GET http://shop.example.com/api/x --file portico.yaml
                """)

        @Argument(help: ArgumentHelp("The method; routes don't look at it today.", valueName: "method"))
        var method: String

        @Argument(help: ArgumentHelp("http://HOST/PATH, or /PATH for a request that names no host.", valueName: "url"))
        var url: String

        @Option(help: ArgumentHelp("The settings file.", valueName: "file"))
        var file: String

        @OptionGroup var output: OutputChoice

        func validate() throws {
            guard RouteTarget(url) != nil else {
                throw ValidationError("`\(url)` is no URL to explain: write http://HOST/PATH or /PATH")
            }
            guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5a).contains($0) || $0 == 0x2d }) else {
                throw ValidationError("`\(method)` is no method: the method comes first, as in GET /index.html")
            }
        }

        func run() throws {
            let settings = try SettingsLoading.load(file).orReport(code: .failure)
            guard let target = RouteTarget(url) else { throw ExitCode.failure }
            let table = RoutingTable(
                revision: .zero, listeners: [],
                routes: settings.routes.map { Route(host: $0.host, path: $0.path, service: $0.service) }, services: [])
            let explanation = table.explain(host: target.host, path: target.path)
            if output.json {
                Terminal.print(try AdminJSON.pretty(RouteAnswer(method: method, explanation)))
            } else {
                Terminal.print("\(method) \(explanation)")
            }
            if explanation.service == nil { throw ExitCode.failure }
        }
    }
}

/// What a URL means to the routes. Pure.
struct RouteTarget: Hashable {
    /// As in the `Host` field, port included; `nil` for a URL that is only a path.
    var host: String?
    /// Without query and fragment.
    var path: String

    init?(_ url: String) {
        var rest = url[...]
        if let scheme = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) }) {
            rest = rest.dropFirst(scheme.count)
            let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
            guard end > rest.startIndex else { return nil }
            host = String(rest[..<end])
            rest = rest[end...]
        } else if !rest.hasPrefix("/") {
            return nil
        }
        let path = rest.prefix { $0 != "?" && $0 != "#" }
        self.path = path.isEmpty ? "/" : String(path)
    }
}

/// The JSON of `route explain --json`.
struct RouteAnswer: Encodable {
    struct Line: Encodable {
        var route: String
        var service: String
        /// `won`, `less_specific`, `other_host` or `other_path`.
        var outcome: String
    }

    var method: String
    var host: String?
    var path: String
    var service: String?
    var routes: [Line]

    init(method: String, _ explanation: RouteExplanation) {
        self.method = method
        host = explanation.host
        path = explanation.path
        service = explanation.service?.rawValue
        routes = explanation.lines.map { line in
            let outcome =
                switch line.outcome {
                case .won: "won"
                case .lessSpecific: "less_specific"
                case .otherHost: "other_host"
                case .otherPath: "other_path"
                }
            return Line(route: line.route.description, service: line.route.service.rawValue, outcome: outcome)
        }
    }
}
