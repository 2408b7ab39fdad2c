// Which route wins: the order, the compiled matcher and the explanation, which must agree.

import Routing
import Testing
import Vocabulary

/// A table of `host path -> service` lines; `*` is any host.
private func table(_ routes: [(host: String, path: String, service: String)]) -> RoutingTable {
    var names: [String] = []
    for route in routes where !names.contains(route.service) { names.append(route.service) }
    return RoutingTable(
        revision: .zero, listeners: [],
        routes: routes.map { route in
            Route(
                host: route.host == "*" ? .any : HostPattern(route.host) ?? .any, path: route.path,
                service: ServiceName(route.service))
        },
        services: names.map { ServiceRules(name: ServiceName($0)) })
}

extension RouteMatcher {
    fileprivate func service(_ host: String?, _ path: String, in table: RoutingTable) -> String? {
        let index = Array(path.utf8).withUnsafeBytes { path in
            guard let host else { return match(host: nil, path: path) }
            return Array(host.utf8).withUnsafeBytes { match(host: $0, path: path) }
        }
        return index.map { table.services[$0].name.rawValue }
    }
}

struct RouteTests {
    private static let shop: [(String, String, String)] = [
        ("*", "/", "rest"), ("shop.example.com", "/", "shop"), ("shop.example.com", "/api/", "api"),
        ("shop.example.com", "/api/v2", "api2"), ("*.example.com", "/", "wild"), ("*.eu.example.com", "/", "eu"),
        ("*.example.com", "/static", "static"), ("*", "/api", "anyapi"), ("[::1]", "/", "six"),
        ("10.0.0.7", "/", "four"),
        ("only.example.org", "/x", "only"),
    ]

    static let requests: [(host: String?, path: String, service: String?)] = [
        // Hosts.
        ("shop.example.com", "/", "shop"), ("SHOP.Example.COM", "/", "shop"), ("shop.example.com:8080", "/", "shop"),
        ("shop.example.com.", "/", "shop"), ("shop.example.com.:443", "/", "shop"), ("shop.example.com:", "/", "shop"),
        ("a.example.com", "/", "wild"), ("a.b.example.com", "/", "wild"), ("a.eu.example.com", "/", "eu"),
        ("eu.example.com", "/", "wild"), ("example.com", "/", "rest"), (".example.com", "/", "rest"),
        ("xexample.com", "/", "rest"), ("shop.example.com.evil.org", "/", "rest"), ("x-shop.example.com", "/", "wild"),
        ("[::1]", "/", "six"), ("[::1]:8080", "/", "six"), ("[::1", "/", "rest"), ("10.0.0.7:80", "/", "four"),
        (nil, "/", "rest"), ("", "/", "rest"), (":80", "/", "rest"), (".", "/", "rest"), ("a b", "/", "rest"),
        // Paths.
        ("shop.example.com", "/api", "api"), ("shop.example.com", "/api/", "api"),
        ("shop.example.com", "/api/x", "api"),
        ("shop.example.com", "/apiary", "shop"), ("shop.example.com", "/API", "shop"),
        ("shop.example.com", "/api/v2", "api2"), ("shop.example.com", "/api/v2/x", "api2"),
        ("shop.example.com", "/api/v22", "api"), ("shop.example.com", "", "shop"), ("shop.example.com", "*", "shop"),
        ("shop.example.com", "/api//v2", "api"), ("shop.example.com", "/api%2Fv2", "shop"),
        // An exact host goes before a longer path elsewhere; what its routes don't have falls back.
        ("shop.example.com", "/static", "shop"), ("a.example.com", "/static/x", "static"),
        ("a.eu.example.com", "/static", "eu"), ("only.example.org", "/x", "only"), ("only.example.org", "/y", "rest"),
        ("only.example.org", "/api/y", "anyapi"), (nil, "/api/x", "anyapi"),
    ]

    @Test(arguments: requests)
    func `the most specific route wins`(_ host: String?, _ path: String, _ service: String?) {
        let table = table(Self.shop)
        #expect(RouteMatcher(table).service(host, path, in: table) == service)
        #expect(table.explain(host: host, path: path).service?.rawValue == service)
    }

    @Test(arguments: [
        ("/x/../api", "api"), ("/%61pi/x", "api"), ("/api/..", "shop"), ("/api%2Fx", "shop"), ("//api", "shop"),
    ])
    func `the explanation asks by the normal form of a path`(_ path: String, _ service: String) {
        #expect(table(Self.shop).explain(host: "shop.example.com", path: path).service?.rawValue == service)
    }

    @Test func `a route may be written in any form`() {
        let table = table([("*", "/%61pi%2fx/./y/../", "api"), ("*", "/", "rest")])
        #expect(RouteMatcher(table).service(nil, "/api%2Fx/z", in: table) == "api")
        #expect(table.explain(host: nil, path: "/api%2fx").service?.rawValue == "api")
    }

    @Test func `the order in the file means nothing`() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<50 {
            let table = table(Self.shop.shuffled(using: &random))
            let matcher = RouteMatcher(table)
            for (host, path, service) in Self.requests { #expect(matcher.service(host, path, in: table) == service) }
        }
    }

    @Test func `without a route that fits there is no service`() {
        let table = table([("a.de", "/x", "a"), ("*.b.de", "/", "b")])
        let matcher = RouteMatcher(table)
        #expect(matcher.service("a.de", "/y", in: table) == nil)
        #expect(matcher.service("c.de", "/x", in: table) == nil)
        #expect(matcher.service(nil, "/x", in: table) == nil)
        let empty = RoutingTable(revision: .zero, listeners: [], routes: [], services: [])
        #expect(RouteMatcher(empty).service("a.de", "/", in: empty) == nil)
    }

    @Test func `matcher and explanation agree on random tables`() {
        var random = SeededRandom(seed: 11)
        let hosts = ["*", "a.de", "b.a.de", "*.a.de", "*.b.a.de", "c.b.a.de", "*.de", "[::1]", "aa.de"]
        let paths = ["/", "/a", "/a/", "/a/b", "/ab", "/b", "/a/b/c"]
        let requestHosts: [String?] = [
            nil, "a.de", "A.DE:1", "b.a.de", "x.a.de", "c.b.a.de.", "d.c.b.a.de", "de", "[::1]:5", "aa.de",
        ]
        let requestPaths = paths + ["/a/bc", "/c", "", "/a//b", "//"]
        for _ in 0..<200 {
            var seen: Set<String> = []
            var routes: [(String, String, String)] = []
            for number in 0..<Int.random(in: 1...12, using: &random) {
                let host = hosts.randomElement(using: &random)!
                let path = paths.randomElement(using: &random)!
                let rule = Route(host: host == "*" ? .any : HostPattern(host)!, path: path, service: ServiceName("x"))
                if seen.insert("\(rule)").inserted { routes.append((host, path, "s\(number)")) }
            }
            let table = table(routes)
            let matcher = RouteMatcher(table)
            for host in requestHosts {
                for path in requestPaths {
                    #expect(
                        matcher.service(host, path, in: table)
                            == table.explain(host: host, path: path).service?.rawValue,
                        "\(routes) \(host ?? "-") \(path)")
                }
            }
        }
    }

    @Test func `any bytes may be asked for`() {
        let table = table(Self.shop)
        let matcher = RouteMatcher(table)
        var random = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            let host = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            let path = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            let index = host.withUnsafeBytes { host in path.withUnsafeBytes { matcher.match(host: host, path: $0) } }
            #expect(index.map { table.services.indices.contains($0) } ?? true)
        }
    }

    @Test func `the explanation names the winner and why the others lost`() {
        let table = table([
            ("*", "/", "rest"), ("shop.example.com", "/", "shop"), ("shop.example.com", "/api", "api"),
            ("*.example.com", "/", "wild"), ("other.de", "/", "other"), ("*", "/static", "files"),
        ])
        #expect(
            table.explain(host: "shop.example.com:80", path: "/api/7").description == """
                host shop.example.com:80, path /api/7
                  goes to api by the route shop.example.com /api
                  not to shop by the route shop.example.com /: the longer path goes first
                  not to other by the route other.de /: the host is another
                  not to wild by the route *.example.com /: an exact host goes before *.example.com
                  not to files by the route any host /static: the path is not below it
                  not to rest by the route any host /: an exact host goes before any host
                """)
        let none = RoutingTable(revision: .zero, listeners: [], routes: [], services: [])
        #expect(
            none.explain(host: nil, path: "/").description == "host (none), path /\n  no route fits: answered 404")
    }

    @Test(
        arguments: [
            ("Shop.Example.com", "shop.example.com"), ("*.Example.com", "*.example.com"), ("localhost", "localhost"),
            ("10.0.0.7", "10.0.0.7"), ("[FE80::1]", "[fe80::1]"), ("a_b.c", "a_b.c"),
            ("xn--gre-6ka8i.de", "xn--gre-6ka8i.de"),
        ])
    func `reads host patterns`(_ text: String, _ pattern: String) {
        #expect(HostPattern(text)?.description == pattern)
    }

    @Test(
        arguments: [
            "", "*", "*.", "a..b", ".a", "a.", "-a", "a-", "a:80", "a/b", "größe.de", "*.*.de", "a.*.de", "[a]", "[]",
            "[::1",
            "a b", String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "aa",
        ])
    func `refuses what is no host pattern`(_ text: String) {
        #expect(HostPattern(text) == nil)
    }
}
