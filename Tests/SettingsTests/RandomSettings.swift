// Random settings that are valid, for what must hold for all of them.

import Routing
import Settings
import Vocabulary

/// Draws settings from a seed.
struct RandomSettings {
    private var random: SeededRandom
    private static let nasty = [
        "", " ", "null", "~", "true", "5", "-", "- a", "a: b", "#", "a #b", "'", "\"", "\\", "\t", "\n", "a\nb", "${X}",
        "$${", "$", "$$", "%", "{", "[a]", "&a", "*a", "!x", "größe", "𝄞", "e\u{301}", "\u{7f}", "\u{85}", "\u{2028}",
        "x\u{FEFF}", "a\r\nb", "|", ">", "@", "`", "off",
    ]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func next() -> Settings {
        var settings = Settings(
            directory: ".", state: maybe { $0.path() }, workers: flip() ? .auto : .fixed(pick(1...64)),
            drain: duration(0...3600), buffers: maybe { .mebibytes($0.pick(16...100_000)) },
            admin: maybe { .unix(path: "/run/\($0.name()).sock") },
            accessLog: [.inStateDirectory, .off, .path("/" + text())].randomElement(using: &random) ?? .off)
        settings.accessLog = settings.accessLog == .path("/") ? .off : settings.accessLog
        for index in 0..<pick(0...3) {
            settings.shares.append(ShareSetting(name: ShareName("s\(index)"), path: "/s\(index)" + path()))
        }
        for index in 0..<pick(1...4) { settings.services.append(service("v\(index)-\(name())", settings.shares)) }
        settings.services.append(
            ServiceSetting(name: ServiceName("http"), upstream: .backends([BackendSetting(address: address())])))
        settings.routes.append(RouteSetting(service: ServiceName("http")))
        settings.listeners.append(listener("web", .http, port: 8000))
        for (index, service) in settings.services.enumerated() {
            switch service.transport {
            case .http, .h2, .grpc:
                settings.routes.append(RouteSetting(host: host(), path: "/\(index)" + urlPath(), service: service.name))
            case .tcp:
                settings.listeners.append(listener("l\(index)", .tcp(service.name), port: 8001 + index))
            }
        }
        return settings
    }

    // MARK: Parts

    private mutating func listener(_ name: String, _ mode: ListenerSetting.Mode, port: Int) -> ListenerSetting {
        var timeouts = ListenerTimeouts()
        var limits = ListenerLimits(connections: pick(1...1_000_000))
        if mode == .http {
            timeouts = ListenerTimeouts(header: duration(1...3600), body: duration(1...3600), idle: duration(1...86400))
            limits.headerBytes = ByteCount(pick(1024...60 << 10))
            limits.headerFields = pick(1...10_000)
            limits.requestsPerConnection = maybe { $0.pick(1...1_000_000_000) }
            limits.rateMin = ByteCount(pick(0...1 << 30))
            limits.rateGrace = duration(0...3600)
        } else {
            timeouts.tcpIdle = duration(1...604_800)
        }
        var tls: ListenerTLSSetting?
        var redirect: Int?
        if flip() {
            tls = ListenerTLSSetting(
                certificates: (0..<pick(1...3)).map { CertificateSetting(chain: "/c\($0)" + path(), key: path()) },
                minVersion: flip() ? .v12 : .v13, clientCA: maybe { $0.path() })
            timeouts.handshake = duration(1...3600)
        } else if mode == .http, flip() {
            redirect = pick(1...65535)
        }
        limits.perAddress = maybe { $0.pick(1...1_000_000) }
        var proxyFrom: [Network]?
        if flip() {
            proxyFrom = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::/0"].filter { _ in flip() }.map { Network($0)! }
            if proxyFrom == [] { proxyFrom = [Network("0.0.0.0/0")!] }
            timeouts.handshake = duration(1...3600)
        }
        let bind = [
            Endpoint.tcp(host: "0.0.0.0", port: UInt16(port)), .tcp(host: "127.0.0.1", port: 0),
            .tcp(host: "fe80::1", port: UInt16(port)), .tcp(host: "localhost", port: UInt16(port)),
            .unix(path: "/run/\(name)"),
        ]
        return ListenerSetting(
            name: ListenerName(name), bind: bind.randomElement(using: &random) ?? bind[0], mode: mode, tls: tls,
            h2c: mode == .http && tls == nil && flip(), redirectToHTTPS: redirect, proxyFrom: proxyFrom,
            timeouts: timeouts, limits: limits)
    }

    private mutating func service(_ name: String, _ shares: [ShareSetting]) -> ServiceSetting {
        var service = ServiceSetting(name: ServiceName(name), upstream: .backends([]))
        service.transport = ServiceSetting.Transport.allCases.randomElement(using: &random) ?? .http
        if flip() {
            let verifies = flip()
            service.tls = BackendTLSSetting(
                verifies: verifies, ca: verifies ? maybe { $0.path() } : nil, name: "h\(pick(1...9)).test",
                certificate: maybe { CertificateSetting(chain: $0.path(), key: $0.path()) })
        }
        service.balance = BalanceAlgorithm.allCases.randomElement(using: &random) ?? .roundRobin
        let interval = pick(1...3600)
        service.health = HealthSetting(
            check: flip() ? .tcp : .http(path: urlPath() + "/?a=b&c"), interval: .seconds(interval),
            timeout: .milliseconds(pick(1...interval * 1000)), fall: pick(1...100), rise: pick(1...100))
        service.timeouts.connect = .milliseconds(pick(1...60_000))
        if service.transport.isHTTP {
            service.timeouts.response = duration(1...86400)
            service.timeouts.idle = duration(1...86400)
            service.timeouts.tunnel = duration(1...604_800)
            service.timeouts.keepAlive = duration(0...3600)
            service.bodyBytesMax = ByteCount(pick(0...1 << 40))
        } else {
            service.sendProxyProtocol =
                service.tls == nil ? ProxyHeaderVersion.allCases.filter { _ in flip() }.first : nil
        }
        service.retries = RetriesSetting(max: pick(0...10), budget: Percent(pick(0...100)))
        service.hold = HoldSetting(max: pick(0...100_000), time: duration(0...3600))
        if flip() {
            let addresses = (0..<pick(1...4)).map { _ in address() }
            service.upstream = .backends(
                addresses.enumerated().filter { !addresses[..<$0.offset].contains($0.element) }.map {
                    BackendSetting(address: $0.element, weight: pick(1...1000))
                })
        } else {
            service.upstream = .instances(instances(shares))
        }
        return service
    }

    private mutating func instances(_ shares: [ShareSetting]) -> InstancesSetting {
        let low = pick(1...1000)
        let settle = pick(0...3600)
        return InstancesSetting(
            run: ["./" + template()] + (0..<pick(0...4)).map { _ in template() },
            release: ReleaseName("v\(pick(1...99)).2_x-y"),
            releases: maybe { $0.path() }, count: low...pick(low...1000),
            scale: ScaleSetting(inFlight: pick(1...100_000), downAfter: duration(0...86400)),
            rollout: RolloutSetting(
                surge: flip() ? .count(pick(1...1000)) : .share(Percent(pick(1...100))),
                unavailable: flip() ? .count(pick(0...1000)) : .share(Percent(pick(0...100))),
                settle: .seconds(settle), deadline: .seconds(settle + 1), undo: flip() ? .automatic : .manual),
            drain: InstanceDrainSetting(requests: duration(0...86400), tunnels: duration(0...86400)),
            stop: StopSetting(grace: duration(0...3600)),
            environment: Dictionary(uniqueKeysWithValues: (0..<pick(0...3)).map { ("E_\($0)", template()) }),
            limits: InstanceLimits(openFiles: maybe { $0.pick(16...99999) }, memory: maybe { _ in .mebibytes(512) }),
            shares: shares.map(\.name).filter { _ in flip() })
    }

    private mutating func address() -> Endpoint {
        let hosts = ["10.0.0.\(pick(1...250))", "db-\(pick(1...9)).example.com", "fe80::\(pick(1...9))"]
        return .tcp(host: hosts.randomElement(using: &random) ?? hosts[0], port: UInt16(pick(9000...65535)))
    }

    private mutating func host() -> HostPattern {
        switch pick(0...2) {
        case 0: .any
        case 1: .suffix("\(name()).example.com")
        default: .exact("\(name()).example.com")
        }
    }

    private mutating func name() -> String {
        String((0..<pick(1...12)).map { _ in "abc0123-".randomElement(using: &random) ?? "a" }).replacing(
            "-", with: "x")
    }

    private mutating func urlPath() -> String {
        "/" + ["", "a", "a/b/", "%20", "~x", "a:b,c;d=e", "null"].randomElement(using: &random)!
    }

    private mutating func path() -> String {
        ["/srv/x", "a b", "../x", "ü", "x${Y}", "#", "null", "off", "a: b", "\"'"].randomElement(using: &random)!
    }

    private mutating func text() -> String {
        let text = (0..<pick(0...3)).map { _ in Self.nasty.randomElement(using: &random) ?? "" }.joined()
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    }

    /// A word of a command: a dollar sign in it is the supervisor's.
    private mutating func template() -> String {
        let text = (0..<pick(0...3)).map { _ in Self.nasty.randomElement(using: &random) ?? "" }.joined()
        return text.replacing("$", with: "$$")
            + (flip() ? "" : ["$PORT", "${PORT}", "$$", "${PORTICO_SERVICE}x"].randomElement(using: &random)!)
    }

    // MARK: Chance

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func flip() -> Bool { Bool.random(using: &random) }

    /// Whole seconds or, for half of them, milliseconds.
    private mutating func duration(_ seconds: ClosedRange<Int>) -> Duration {
        if flip() || seconds.lowerBound == seconds.upperBound { return .seconds(pick(seconds)) }
        return .milliseconds(pick(seconds.lowerBound * 1000...seconds.upperBound * 1000))
    }

    private mutating func maybe<Value>(_ value: (inout Self) -> Value) -> Value? { flip() ? value(&self) : nil }
}
