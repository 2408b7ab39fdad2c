// Everything that is refused, and the words and places it is refused with.

import Settings
import Testing
import Vocabulary

struct ProblemTests {
    @Test func `takes a head of 60 KiB and promises no longer one`() throws {
        let bind = "bind: 127.0.0.1:8080"
        let most = try settings(Sample.with(bind, "\(bind)\n    limits: { header_bytes: 60KiB }"))
        #expect(most.listeners[0].limits.headerBytes == ByteCount.kibibytes(60))
        let more = problems(Sample.with(bind, "\(bind)\n    limits: { header_bytes: 61KiB }"))
        #expect(more == ["4:29 header_bytes: 61KiB is out of range"])
    }

    @Test func `reports everything at once, in the order of the file`() {
        let text = """
            listeners:
              - { name: web, bind: 8080, timeouts: { header: 30 } }
              - { name: sql, bind: "127.0.0.1:8080", protocol: tcp, service: postgre }
            routes:
              - servce: shop
              - service: shpo
            services:
              shop:
                healt: 5
                instances: { run: ./x, cout: 3, shares: [data] }
              postgres: { protocol: tcp, backends: [] }
            """
        #expect(
            problems(text) == [
                "2:50 header: `30` has no unit", "3:24 the listener `web` has 0.0.0.0:8080 already",
                "5:5 unknown key `servce` in the route", "9:5 unknown key `healt` in the service",
                "10:28 unknown key `cout` in `instances`", "10:46 there is no share `data`",
                "11:30 `backends` must be a list of addresses, found a list",
            ])
        #expect(
            hints(text)[2...4] == ["did you mean `service`?", "did you mean `health`?", "did you mean `count`?"])
    }

    static let cases: [(text: String, problems: [String])] = [
        // The whole file.
        ("", ["1:1 the file is empty"]), ("# nothing\n", ["1:1 the file is empty"]),
        ("---\n", ["1:1 the settings file has nothing in it"]), ("{}", ["1:1 nothing to do: there is no listener"]),
        ("just text", ["1:1 the settings file must be a mapping, found `just text`"]),
        ("- listen: 8080", ["1:1 the settings file must be a mapping, found a list"]),
        ("version: 2\nlisten: 8080\nrun: x", ["1:10 version: 2 is out of range"]),
        ("listen: 8080", ["1:1 the settings file has no `run`"]),
        ("run: x", ["1:1 the settings file has no `listen`"]),
        ("listn: 8080\nrun: x", ["1:1 unknown key `listn` in the settings file"]),
        ("services: { a: { backends: [\"a:1\"] } }", ["1:1 nothing to do: there is no listener"]),
        ("listen: 8080\nrun: x\n---\nlisten: 8081", ["3:1 a second document begins here"]),
        ("listen: 8080\nrun: x\n...\n", []),
        // The two forms.
        (
            "listen: 8080\nrun: x\n" + Sample.lines,
            [
                "1:1 `listen` (line 1), `run` (line 2) can't be mixed with `listeners` (line 3), `routes` (line 6), "
                    + "`services` (line 8)"
            ]
        ),
        (
            "listen: 8080\nrun: x\nhealth: { http: /x }",
            ["3:9 `health` must be a path such as `/health`, found a mapping"]
        ),
        // YAML.
        (
            "listen: 8080\n\trun: x",
            ["2:1 not YAML: while scanning a plain scalar, found a tab character that violates indentation"]
        ),
        ("listen: [", ["1:10 not YAML: while parsing a flow node, did not find expected node content"]),
        ("a: b: c", ["1:5 not YAML: mapping values are not allowed in this context"]),
        ("listen: &a 8080\nrun: *a", ["1:9 anchors and aliases are not supported"]),
        ("listen: *a", ["1:9 not YAML: found undefined alias"]), ("listen: !!int 8080", ["1:9 tags are not supported"]),
        ("? [a]\n: 1", ["1:3 a key must be a word, not a list"]),
        (
            "listen: \"\u{1}\"\nrun: \u{0}\u{feff}",
            [
                "1:10 the character U+0001 is not allowed", "2:6 the character U+0000 is not allowed",
                "2:7 the character U+FEFF is not allowed",
            ]
        ),
        ("listen: \"80\\0\"\nrun: x", ["1:9 listen: the character U+0000 is not allowed"]),
        (String(repeating: "[", count: 60), ["1:40 nested too deeply"]),
        (String(repeating: "- ", count: 60), ["1:1 nested too deeply"]),
        ((0...50).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), ["41:1 nested too deeply"]),
        // Types.
        ("listen: 8080\nrun: x\nworkers: 0", ["3:10 workers: `0` is not a number of workers"]),
        ("listen: 8080\nrun: x\nworkers: 2x", ["3:10 workers: `2x` is not a number of workers"]),
        (
            "listen: 8080\nrun: x\ndrain: [5s]",
            ["3:8 `drain` must be a duration such as `250ms`, `2s` or `5m`, found a list"]
        ),
        ("listen: 8080\nrun: x\nshares: 5", ["3:1 `shares` must be a mapping, found `5`"]),
        ("listen: 8080\nrun: x\nshares:", ["3:1 `shares` must be a mapping, found nothing"]),
        ("listen: 8080\nrun: x\nshares: { a: /x }", ["3:14 the share must be a mapping, found `/x`"]),
        ("listen: 8080\nrun: x\nshares: { a: }", ["3:11 the share has nothing in it"]),
        ("listen: 8080\nrun: x\nshares: { a: {} }", ["3:11 the share has no `path`"]),
        ("listen: 8080\nrun: x\nstate: ''", ["3:8 state: the path is empty"]),
        ("listen: 8080\nrun: x\naccess_log: ''", ["3:13 access_log: the path is empty"]),
        ("listen: 8080\nrun: x\nadmin: {}", ["3:1 `admin` has no `bind`"]),
        (
            "listen: 8080\nrun: x\nadmin: { bind: 9000 }",
            ["3:16 bind: the admin API on a TCP address is not supported yet"]
        ),
        ("listen: 8080\nrun: x\nadmin: { bind: x }", ["3:16 bind: `x` is not an address"]),
        (
            Sample.with("listeners:\n  - name: web\n    bind: 127.0.0.1:8080", "listeners: { web: 80 }"),
            [
                "1:1 `listeners` must be a list, found a mapping"
            ]
        ),
        (Sample.with("  - service: shop", "  - shop"), ["5:5 the route must be a mapping, found `shop`"]),
        (Sample.with("{ interval: 2s }", "/up"), ["8:13 `health` must be a mapping, found `/up`"]),
        (Sample.with("interval: 2s", "tcp: false"), ["8:20 tcp: `false` is not `true`"]),
        (Sample.with("interval: 2s", "http: /, tcp: true"), ["8:24 `http` and `tcp` exclude each other"]),
        (
            Sample.with("interval: 2s", "fall: 0, rise: 1.5"),
            [
                "8:21 fall: 0 is out of range", "8:30 rise: `1.5` is not a whole number",
            ]
        ),
        // What belongs together, and what does not.
        (Sample.with("interval: 2s", "timeout: 3s"), ["8:24 a probe may take 3s, and the next begins after 2s"]),
        (Sample.with("interval: 2s", "timeout: 3, interval: 1s"), ["8:24 timeout: `3` has no unit"]),
        (
            Sample.with("instances:\n      run: ./shop", "balance: round_robin"),
            [
                "7:3 the service has neither `backends` nor `instances`"
            ]
        ),
        (
            Sample.adding("    backends: [\"10.0.0.7:80\"]"),
            [
                "11:5 `backends` (line 11) and `instances` (line 9) exclude each other"
            ]
        ),
        (Sample.adding("      releases: releases"), ["9:5 `instances` has no `release`"]),
        (
            Sample.adding("      rollout: { surge: 0 }"),
            [
                "11:25 a rollout could never begin: neither one instance more nor one fewer is allowed"
            ]
        ),
        (
            Sample.adding("      rollout: { settle: 10m }"),
            [
                "11:26 an instance settles for 10m, and the rollout fails after 10m without progress"
            ]
        ),
        (Sample.adding("      shares: [a, a]\nshares: { a: { path: /a } }"), ["11:19 the share `a` is here twice"]),
        (Sample.adding("      shares: a"), ["11:15 `shares` must be a list of names such as `[covers]`, found `a`"]),
        (
            Sample.adding("shares: { a: { path: /a }, b: { path: /a } }"),
            [
                "11:39 the share `a` has the directory /a already"
            ]
        ),
        (
            Sample.with("- service: shop", "- service: shop\n  - service: shop\n    path: //"),
            [
                "6:5 the route any host / is here twice"
            ]
        ),
        (
            Sample.with("- service: shop", "- { service: shop, path: /a }\n  - { service: shop, path: /a/ }"),
            [
                "6:5 the route any host /a is here twice"
            ]
        ),
        (Sample.with("- service: shop", "- service: shpo"), ["5:14 there is no service `shpo`"]),
        (Sample.with("routes:\n  - service: shop\n", ""), ["1:1 no route says where HTTP requests go"]),
        (
            Sample.adding("  sql: { protocol: tcp, backends: [\"10.0.0.7:80\"] }"),
            [
                "11:3 no route or listener leads to the service `sql`"
            ]
        ),
        (
            Sample.adding("  sql: { protocol: tcp, backends: [\"10.0.0.7:80\"] }").replacing(
                "- service: shop", with: "- service: sql"),
            ["5:14 the service `sql` speaks TCP, and routes are for HTTP"]
        ),
        (Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    h2c: true"), []),
        (Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    h2c: true\n    timeouts: { handshake: 1s }"), []),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    http2: true"),
            ["4:5 `http2` has no meaning without `tls`; without it is `h2c`"]
        ),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    h2c: maybe"),
            ["4:10 h2c: `maybe` is neither `true` nor `false`"]
        ),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    service: shop"),
            [
                "4:5 `service` has no meaning with `protocol: http`"
            ]
        ),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    protocol: tcp"),
            [
                "2:5 the listener has no `service`"
            ]
        ),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    protocol: http2"),
            [
                "4:15 protocol: `http2` is none of http, tcp, tls_passthrough"
            ]
        ),
        (
            Sample.with("routes:", "  - { name: x, bind: 81, protocol: tcp, service: shop }\nroutes:"),
            ["4:50 the service `shop` speaks HTTP and this listener TCP"]
        ),
        (
            Sample.with("routes:", "  - { name: x, bind: 81, protocol: tcp, service: shpo }\nroutes:"),
            ["4:50 there is no service `shpo`"]
        ),
        (
            Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    timeouts: { tcp_idle: 1h }"),
            [
                "4:17 `tcp_idle` has no meaning without `protocol: tcp`"
            ]
        ),
        (
            Sample.with("instances:\n      run: ./shop", "backends: [\"127.0.0.1:8080\"]"),
            [
                "9:16 127.0.0.1:8080 is our own listener `web`: a loop"
            ]
        ),
        (
            Sample.with(
                "instances:\n      run: ./shop", "backends: [\"10.0.0.7:80\", { address: \"10.0.0.7:80\", weight: 0 }]"),
            [
                "9:42 10.0.0.7:80 is here twice", "9:65 weight: 0 is out of range",
            ]
        ),
        (
            Sample.with("instances:\n      run: ./shop", "backends: [[a], { weight: 2 }, ]"),
            [
                "9:16 `backends` must be an address such as `10.0.0.7:8080`, found a list",
                "9:21 the backend has no `address`",
            ]
        ),
    ]

    @Test(arguments: cases)
    func `refuses, at the right place`(_ text: String, _ expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8080", true), ("8080", "127.0.0.1:8080", true),
            ("\"[::]:8080\"", "127.0.0.1:8080", true), ("\"[::]:8080\"", "\"[::1]:8080\"", true),
            ("localhost:8080", "127.0.0.1:8080", true), ("unix:/a", "unix:/a", true),
            ("127.0.0.1:8080", "127.0.0.2:8080", false), ("8080", "\"[::1]:8080\"", false),
            ("127.0.0.1:0", "127.0.0.1:0", false), ("8080", "8081", false), ("unix:/a", "unix:/b", false),
        ])
    func `finds listeners in each other's way`(_ first: String, _ second: String, _ isConflict: Bool) {
        let text = Sample.with("bind: 127.0.0.1:8080", "bind: \(first)\n  - { name: b, bind: \(second) }")
        let found = problems(text)
        #expect(found.count == (isConflict ? 1 : 0), "\(found)")
        #expect(found.allSatisfy { $0.hasPrefix("4:22 the listener `web` has ") })
    }

    @Test(arguments: [
        ("proxy_protocol: {}", "4:5 `proxy_protocol` has no `from`"),
        (
            "proxy_protocol: { from: 10.0.0.0/8 }",
            "4:29 `from` must be a list of networks such as `[10.0.0.0/8]`, found `10.0.0.0/8`"
        ),
        (
            "proxy_protocol: { from: [] }",
            "4:29 `from` must be a list of networks such as `[10.0.0.0/8]`, found a list"
        ),
        (
            "proxy_protocol: { from: [10.0.0.0/8, 10.1.2.3/8] }",
            "4:42 from: `10.1.2.3/8` has bits set behind its prefix"
        ),
        ("proxy_protocol: { from: [example.com] }", "4:30 from: `example.com` is not a network"),
        ("limits: { per_address: 0 }", "4:28 per_address: 0 is out of range"),
        ("limits: { min_rate: 240 }", "4:25 min_rate: `240` has no unit"),
        ("limits: { requests_per_connection: none }", "4:40 requests_per_connection: `none` is not a whole number"),
    ])
    func `finds what is wrong with limits and PROXY headers`(_ line: String, _ problem: String) {
        #expect(problems(Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    \(line)")) == [problem])
    }

    @Test func `takes limits and networks`() throws {
        let text = Sample.with(
            "bind: 127.0.0.1:8080",
            """
            bind: 8080
                proxy_protocol: { from: [10.0.0.0/8, "2001:db8::/32", 192.0.2.7] }
                timeouts: { handshake: 3s }
                limits: { per_address: 7, requests_per_connection: 9, min_rate: 1KiB, min_rate_grace: 2s }
            """)
        let settings = try read("buffers: 64MiB\n" + text).get()
        let listener = settings.listeners[0]
        #expect(listener.proxyFrom?.map(\.description) == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])
        #expect(listener.limits.perAddress == 7 && listener.limits.requestsPerConnection == 9)
        #expect(listener.limits.rateMin == .kibibytes(1) && listener.limits.rateGrace == .seconds(2))
        #expect(listener.timeouts.handshake == .seconds(3))
        #expect(settings.buffers == .mebibytes(64))
    }

    @Test func `finds listeners of the same name`() {
        let text = Sample.with("bind: 127.0.0.1:8080", "bind: 80\n  - { name: web, bind: 81 }")
        #expect(problems(text) == ["4:13 there are two listeners called `web`"])
    }

    @Test(
        arguments: [
            ("policies: {}", ""), ("include: x", ""),
        ])
    func `refuses keys of later versions of files and listeners`(_ root: String, _ listener: String) {
        let text = Sample.with("bind: 127.0.0.1:8080", "bind: 8080\n    \(listener)") + "\n\(root)\n"
        #expect(problems(text).count == 1 && problems(text)[0].hasSuffix("is not supported yet"), "\(problems(text))")
    }

    @Test(
        arguments: [
            "hash: { key: path }", "sticky: {}", "ejection: {}", "max_in_flight: 100", "policies: []", "balance: p2c",
            "balance: first", "health: { grpc: true }", "health: { tls: true }", "health: { exec: x }",
            "backends: [{ address: \"a:1\", backup: true }]", "instances: { run: x, zones: [a] }",
            "instances: { run: x, count: 0..3 }",
        ])
    func `refuses keys of later versions of services`(_ line: String) {
        let lines =
            line.hasPrefix("backends") || line.hasPrefix("instances") ? line : "\(line)\n    instances: { run: x }"
        let text = Sample.with("    health: { interval: 2s }\n    instances:\n      run: ./shop", "    \(lines)")
        let found: [String]
        switch read(text) {
        case .success: found = []
        case .failure(let problems): found = problems.problems.map { "\($0.message) \($0.hint ?? "")" }
        }
        #expect(found.count == 1 && found[0].contains("not supported yet"), "\(found)")
    }

    @Test func `refuses keys of later versions of shares`() {
        let text = "listen: 8080\nrun: x\nshares: { a: { path: /a, quota: 1GiB, require: [] } }"
        #expect(problems(text) == ["3:26 `quota` is not supported yet", "3:39 `require` is not supported yet"])
    }

    @Test func `names the object a key belongs to`() {
        #expect(hints(Sample.adding("      in_flight: 5")) == ["`in_flight` is a key of: scale"])
    }

    @Test func `says what became of the file itself`() {
        func description(_ path: String, _ file: SettingsFile) -> String {
            switch SettingsReader.read(path: path, environment: [:], readFile: { _ in file }) {
            case .success: "read"
            case .failure(let problems): problems.description
            }
        }
        #expect(
            description("a.yaml", .notFound)
                == "a.yaml: error: there is no such file\n"
                + "  hint: the path is relative to the directory the command runs in\n1 problem")
        #expect(
            description("/a", .isDirectory) == "/a: error: this is a directory\n  hint: name the file in it\n1 problem")
        #expect(description("/a", .unreadable("permission denied")).contains("can't be read: permission denied"))
        #expect(
            description("a", .bytes(Array("listen: 1\nü".utf8) + [0xff, 0x41]))
                == "a:2:2: error: this is not UTF-8\n  2 | ü\u{FFFD}A\n    |  ^\n  hint: save the file as UTF-8\n1 problem"
        )
        #expect(description("a", .bytes(Array(repeating: 0x20, count: 2 << 20))).contains("has 2097152 bytes"))
    }

    @Test func `relative paths start at the directory of the file`() throws {
        func read(_ path: String, directory: String? = nil) throws -> Settings {
            try SettingsReader.read(path: path, environment: [:], directory: directory) { _ in
                .bytes(Array("listen: 8080\nrun: x\nstate: s".utf8))
            }.get()
        }
        #expect(try read("/etc/portico/a.yaml").resolved("s") == "/etc/portico/s")
        #expect(try read("/a.yaml").resolved("s") == "/s")
        #expect(try read("a.yaml").resolved("s") == "s")
        #expect(try read("a.yaml", directory: "/srv").resolved("s") == "/srv/s")
        #expect(try read("b/a.yaml").resolved("/s") == "/s")
    }

    @Test func `bounds what it reports`() {
        let text = (0..<3000).map { "key\($0): 1\n" }.joined()
        guard case .failure(let problems) = read(text) else {
            Issue.record("no key of these is known")
            return
        }
        #expect(problems.problems.count == 101)
        #expect(problems.problems.last?.message == "and 2900 more problems")
    }
}
