// The views of settings: effective YAML, schema, differences.

import Foundation
import Routing
import Settings
import Testing
import Vocabulary

struct EffectiveTests {
    @Test(arguments: 0..<8)
    func `effective settings read back to an equal value`(_ block: Int) throws {
        var random = RandomSettings(seed: UInt64(block))
        for _ in 0..<25 {
            let expected = random.next()
            for showOrigins in [false, true] {
                let text = expected.effectiveYAML(showOrigins: showOrigins)
                let read = try settings(text)
                #expect(read == expected, "\(expected.changes(to: read))")
            }
        }
    }

    @Test func `what was read and printed is printed the same again`() throws {
        var random = RandomSettings(seed: 99)
        for _ in 0..<20 {
            let text = random.next().effectiveYAML(showOrigins: false)
            #expect(try settings(text).effectiveYAML(showOrigins: false) == text)
        }
    }

    @Test func `the files that come with the program load and read back to an equal value`() throws {
        let environment = ["API_TOKEN": "s3cr$t", "DOCUMENTS_DATA": "/d"]
        let names = try FileManager.default.contentsOfDirectory(atPath: configurations.path()).sorted()
        #expect(names.contains("reference.yaml") && names.contains("smallest.yaml"))
        for name in names where name.hasSuffix(".yaml") {
            let read = try settings(try configuration(name), environment: environment)
            #expect(try settings(read.effectiveYAML(), environment: environment) == read, "\(name)")
        }
    }

    @Test func `the smallest form means one listener, one route and one service`() throws {
        let small = try settings(
            "listen: 8080\nrun: ./app $PORT\ninstances: 2..8\nhealth: /up\nshares: { a: { path: /a } }")
        let long = try settings(
            """
            listeners: [{ name: web, bind: 0.0.0.0:8080 }]
            routes: [{ service: app }]
            services:
              app:
                health: { http: /up }
                instances: { run: [./app, $PORT], count: 2..8, shares: [a] }
            shares: { a: { path: /a } }
            """)
        #expect(small == long)
        #expect(small.listeners[0].name == ListenerName("web"))
        #expect(small.effectiveYAML().contains("bind: \"0.0.0.0:8080\"  # front.yaml:1\n"))
        #expect(small.effectiveYAML().contains("count: 2..8  # front.yaml:3\n"))
        #expect(small.effectiveYAML().contains("release: v1  # default\n"))
    }

    @Test func `origins name the variables, and secrets of env stay as they were written`() throws {
        let text = Sample.adding("      env: { TOKEN: \"x${TOKEN}\" }\n    hold: { for: \"${HOLD}\" }")
        let settings = try settings(text, environment: ["TOKEN": "s3cret", "HOLD": "7s"])
        #expect(settings.services[0].instances?.environment == ["TOKEN": "xs3cret"])
        let effective = settings.effectiveYAML()
        #expect(effective.contains("TOKEN: \"x${TOKEN}\"  # env TOKEN (front.yaml:11)\n"))
        #expect(effective.contains("for: 7s  # env HOLD (front.yaml:12)\n"))
        #expect(!effective.contains("s3cret"))
    }

    @Test func `every key of the schema is one that the reader takes, and the other way round`() throws {
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(Settings.schemaJSON.utf8)) as? [String: Any])
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        let small = try schemaKeys(schema, "")
        // Everything that the reference and the smallest form have, as the reader sees it.
        var read: Set<String> = ["listen", "run", "instances", "health"]
        for line in try keyPaths(configuration("reference.yaml")) { read.insert(line) }
        #expect(small == read)
    }

    /// The paths of all properties, without names and numbers: `services.health.interval`.
    private func schemaKeys(_ schema: [String: Any], _ path: String) throws -> Set<String> {
        var keys: Set<String> = []
        for (name, value) in schema["properties"] as? [String: [String: Any]] ?? [:] {
            let inner = path.isEmpty ? name : "\(path).\(name)"
            keys.insert(inner)
            keys.formUnion(try schemaKeys(value, inner))
        }
        var parts: [[String: Any]] = schema["anyOf"] as? [[String: Any]] ?? []
        if let items = schema["items"] as? [String: Any] { parts.append(items) }
        if let entries = schema["additionalProperties"] as? [String: Any] { parts.append(entries) }
        for part in parts { keys.formUnion(try schemaKeys(part, path)) }
        return keys
    }

    /// The same of a file that loads. Read with each key misspelt in turn, it must be refused: a key that is only
    /// skipped would show.
    private func keyPaths(_ text: String) throws -> [String] {
        let chosen = ["shop", "books", "postgres", "covers", "LOG_LEVEL", "COVERS"]
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var paths: [String] = []
        var stack: [(indent: Int, key: String)] = []
        for (number, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " || $0 == "-" }.count
            for (offset, key) in keys(in: line.dropFirst(indent)) {
                while let last = stack.last, last.indent >= indent + offset { stack.removeLast() }
                stack.append((indent + offset, key))
                paths.append(stack.map(\.key).filter { !chosen.contains($0) }.joined(separator: "."))
                guard !chosen.contains(key) else { continue }
                var broken = lines
                broken[number] = line.replacing("\(key):", with: "\(key)x:", maxReplacements: 1)
                #expect(!problems(broken.joined(separator: "\n")).isEmpty, "\(key)x in line \(number + 1) is taken")
            }
        }
        return paths.filter { !$0.isEmpty }
    }

    /// The keys of a line, with their offsets; inner ones of `{ a: { b: c } }` count as deeper.
    private func keys(in body: Substring) -> [(Int, String)] {
        guard !body.hasPrefix("#") else { return [] }
        var found: [(Int, String)] = []
        let code = body.prefix { $0 != "#" }
        for match in code.matches(of: /(?:^|[{,] )([A-Za-z_0-9]+):(?: |$)/) {
            let offset = code.distance(from: code.startIndex, to: match.range.lowerBound)
            let isInner = offset > 0
            found.append((isInner ? 1000 : 0, String(match.output.1)))
        }
        return found
    }

    @Test func `names every difference in one line`() throws {
        let old = try settings(
            Sample.adding(
                "      env: { A: \"1\" }\n  sql: { protocol: tcp, backends: [\"10.0.0.1:1\", \"10.0.0.2:1\"] }"
            )
            .replacing("routes:", with: "  - { name: sql, bind: 5432, protocol: tcp, service: sql }\nroutes:"))
        var new = old
        #expect(old.changes(to: new) == [])
        new.drain = .seconds(31)
        new.state = "/s"
        new.listeners[0].bind = .tcp(host: "127.0.0.1", port: 81)
        new.routes.append(RouteSetting(host: .exact("a.de"), service: ServiceName("shop")))
        new.services[0].health.interval = .seconds(3)
        new.services[0].upstream = .instances(InstancesSetting(run: ["./shop", "a b"], environment: ["A": "2"]))
        new.services[1].upstream = .backends([
            BackendSetting(address: .tcp(host: "10.0.0.2", port: 1), weight: 3),
            BackendSetting(address: .tcp(host: "10.0.0.3", port: 1)),
        ])
        new.shares = [ShareSetting(name: ShareName("a"), path: "/a")]
        #expect(
            old.changes(to: new) == [
                "state: not set (/var/lib/portico as root, else .local/state/portico in the home directory) -> /s",
                "drain: 30s -> 31s", "listeners.web.bind: \"127.0.0.1:8080\" -> \"127.0.0.1:81\"",
                "routes.a.de /: added", "services.shop.health.interval: 2s -> 3s",
                "services.shop.instances.run: [\"./shop\"] -> [\"./shop\", \"a b\"]",
                "services.shop.instances.env.A: changed", "services.sql.backends.10.0.0.1:1: removed",
                "services.sql.backends.10.0.0.2:1.weight: 1 -> 3", "services.sql.backends.10.0.0.3:1: added",
                "shares: added",
            ])
        #expect(!new.changes(to: old).isEmpty)
        var reordered = old
        reordered.listeners.reverse()
        #expect(old.changes(to: reordered) == ["listeners: in another order"])
    }

    @Test func `any two settings that differ have a difference to show`() {
        var random = RandomSettings(seed: 7)
        let all = (0..<20).map { _ in random.next() }
        for left in all {
            for right in all { #expect(left.changes(to: right).isEmpty == (left == right)) }
        }
    }

    @Test func `defaults are those of the routing table`() {
        let listener = ListenerRules(name: ListenerName("x"), mode: .http)
        let timeouts = ListenerTimeouts()
        let limits = ListenerLimits()
        #expect(listener.headerTimeout == timeouts.header && listener.bodyTimeout == timeouts.body)
        #expect(listener.idleTimeout == timeouts.idle && listener.tcpIdleTimeout == timeouts.tcpIdle)
        #expect(listener.connectionsMax == limits.connections && listener.headerBytesMax == limits.headerBytes)
        #expect(listener.headerFieldsMax == limits.headerFields)
        #expect(listener.connectionsPerAddressMax == limits.perAddress)
        #expect(listener.requestsPerConnectionMax == limits.requestsPerConnection)
        #expect(listener.bytesPerSecondMin == limits.rateMin && listener.rateGrace == limits.rateGrace)
        let rules = ServiceRules(name: ServiceName("x"))
        let service = ServiceSetting(name: ServiceName("x"), upstream: .backends([]))
        #expect(rules.balance == service.balance && rules.timeouts == service.timeouts)
        #expect(rules.retriesMax == service.retries.max && rules.retryBudget == service.retries.budget.fraction)
        #expect(rules.bodyBytesMax == service.bodyBytesMax)
        #expect(rules.holdMax == service.hold.max && rules.holdFor == service.hold.time)
        #expect(UpstreamTimeouts() == Defaults.upstreamTimeouts)
    }
}
