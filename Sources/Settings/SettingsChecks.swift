// What no single value shows: references, conflicts, and numbers that don't go together. Works on a finished value, so
// that settings made of flags are checked the same way.

import Routing
import Vocabulary

/// The checks between values. Pure.
struct SettingsChecks {
    private let settings: Settings
    /// Whether the values at and below a path were read: one that was not would only be reported twice.
    private let isSound: (String) -> Bool
    private(set) var findings: [(path: String, complaint: Complaint)] = []

    init(_ settings: Settings, isSound: @escaping (String) -> Bool = { _ in true }) {
        self.settings = settings
        self.isSound = isSound
    }

    mutating func run() {
        checkReach()
        checkListeners()
        checkRoutes()
        for service in settings.services { check(service) }
        checkShares()
    }

    private mutating func find(_ path: String, _ message: String, hint: String? = nil) {
        findings.append((path, Complaint(message, hint: hint)))
    }

    /// `nil` when there is such a service, otherwise why not.
    private func unknown(_ name: ServiceName) -> String? {
        let names = settings.services.map(\.name.rawValue)
        if let near = NearestName.of(name.rawValue, among: names) { return "did you mean `\(near)`?" }
        return names.isEmpty ? "there are no services" : "the services are \(names.joined(separator: ", "))"
    }

    // MARK: Traffic

    private mutating func checkReach() {
        guard isSound("listeners"), isSound("routes"), isSound("services") else { return }
        let hasHTTP = settings.listeners.contains { $0.mode == .http }
        let hasPassthrough = settings.listeners.contains { $0.mode == .tlsPassthrough }
        let tcpServices = Set(settings.services.filter { $0.transport == .tcp }.map(\.name))
        if settings.listeners.isEmpty, !settings.services.isEmpty || !settings.routes.isEmpty {
            find(
                "services", "nothing to do: there is no listener", hint: "add `listeners: [{ name: web, bind: 8080 }]`")
            return
        }
        if hasPassthrough, !settings.routes.contains(where: { tcpServices.contains($0.service) }) {
            let service = tcpServices.map(\.rawValue).sorted().first ?? "NAME"
            find(
                "listeners", "no route says where TLS connections go",
                hint: "add `routes: [{ host: db.example.com, service: \(service) }]` to a service of `protocol: tcp`")
        }
        // Without a passthrough, a route to a TCP service is an error of its own.
        let hasNone =
            settings.routes.isEmpty || hasPassthrough && settings.routes.allSatisfy { tcpServices.contains($0.service) }
        if hasHTTP, hasNone, !hasOnlyRedirects {
            let service = settings.services.first { $0.transport.isHTTP }?.name.rawValue ?? "NAME"
            find("listeners", "no route says where HTTP requests go", hint: "add `routes: [{ service: \(service) }]`")
        }
        if !hasHTTP, !hasPassthrough, !settings.routes.isEmpty {
            find("routes", "routes lead nowhere without a listener of `protocol: http`")
        }
        let reached = Set(settings.routes.map(\.service) + settings.listeners.compactMap(\.service))
        for service in settings.services where service.instances == nil && !reached.contains(service.name) {
            find(
                "services.\(service.name)", "no route or listener leads to the service `\(service.name)`",
                hint: "add a route, or take the service out")
        }
    }

    /// HTTP listeners that redirect every request (but for certificate challenges) need no route.
    private var hasOnlyRedirects: Bool {
        settings.listeners.allSatisfy { $0.mode != .http || $0.redirectToHTTPS != nil }
    }

    private var isPassthroughOnly: Bool {
        settings.listeners.contains { $0.mode == .tlsPassthrough } && !settings.listeners.contains { $0.mode == .http }
    }

    private mutating func checkListeners() {
        var firsts: [ListenerName: Int] = [:]
        for (index, listener) in settings.listeners.enumerated() {
            let path = "listeners.\(index)"
            if firsts[listener.name] != nil {
                find("\(path).name", "there are two listeners called `\(listener.name)`")
            }
            firsts[listener.name] = firsts[listener.name] ?? index
            for other in settings.listeners[..<index] where Self.conflict(listener.bind, other.bind) {
                find(
                    "\(path).bind", "the listener `\(other.name)` has \(other.bind) already",
                    hint: "choose another port or another address")
            }
            if listener.bind == settings.admin {
                find("\(path).bind", "the admin API has \(listener.bind) already")
            }
            guard case .tcp(let name) = listener.mode, isSound("services") else { continue }
            if let service = settings.service(name) {
                if service.transport != .tcp {
                    find(
                        "\(path).service", "the service `\(name)` speaks HTTP and this listener TCP",
                        hint: "write `protocol: tcp` in the service, or route to it from a listener of `protocol: http`"
                    )
                }
            } else {
                find("\(path).service", "there is no service `\(name)`", hint: unknown(name))
            }
        }
    }

    /// Whether both can't be listened on at the same time. `[::]` takes IPv4 connections too (Linux' default).
    private static func conflict(_ left: Endpoint, _ right: Endpoint) -> Bool {
        switch (left, right) {
        case (.unix(let left), .unix(let right)): left == right
        case (.tcp(let leftHost, let leftPort), .tcp(let rightHost, let rightPort)):
            leftPort == rightPort && leftPort != 0 && overlap(leftHost, rightHost)
        default: false
        }
    }

    private static func overlap(_ left: String, _ right: String) -> Bool {
        let hosts = [left, right].map { $0.lowercased() == "localhost" ? "127.0.0.1" : $0.lowercased() }
        if hosts[0] == hosts[1] || hosts.contains("::") { return true }
        // Every IPv4 address; an IPv6 one beside it is free.
        return hosts.contains("0.0.0.0") && !hosts.contains { $0.contains(":") }
    }

    private mutating func checkRoutes() {
        for (index, route) in settings.routes.enumerated() {
            let path = "routes.\(index)"
            let rule = Route(host: route.host, path: route.path, service: route.service)
            let first = settings.routes[..<index].firstIndex { other in
                other.host == route.host && Route(path: other.path, service: other.service).prefix == rule.prefix
            }
            if let first, isSound("routes") {
                find(
                    path, "the route \(rule) is here twice", hint: "it goes to `\(settings.routes[first].service)` too")
            }
            guard isSound("services") else { continue }
            if let service = settings.service(route.service) {
                if service.transport == .tcp, !settings.listeners.contains(where: { $0.mode == .tlsPassthrough }) {
                    find(
                        "\(path).service", "the service `\(route.service)` speaks TCP, and routes are for HTTP",
                        hint: "lead to it from a listener of `protocol: tcp`")
                } else if service.transport == .tcp, rule.prefix != "" {
                    find("\(path).path", "a path can't be seen inside of TLS that is passed on unopened")
                } else if service.transport.isHTTP, isPassthroughOnly, isSound("listeners") {
                    find(
                        "\(path).service", "the service `\(route.service)` speaks HTTP, and no listener does",
                        hint: "write `protocol: tcp` in the service")
                }
            } else {
                find("\(path).service", "there is no service `\(route.service)`", hint: unknown(route.service))
            }
        }
    }

    // MARK: Services

    private mutating func check(_ service: ServiceSetting) {
        let path = "services.\(service.name)"
        if isSound("\(path).health"), service.health.timeout > service.health.interval {
            find(
                "\(path).health.timeout",
                "a probe may take \(Grammar.print(service.health.timeout)), and the next begins after"
                    + " \(Grammar.print(service.health.interval))",
                hint: "`timeout` must be at most `interval`")
        }
        if isSound("\(path).tls"), let tls = service.tls, tls.verifies, tls.name == nil, service.instances != nil {
            find(
                "\(path).tls", "instances have no host name that their certificate could have",
                hint: "write its `name`, or `verify: false` where nobody can come in between")
        }
        check(service.backends, path: "\(path).backends")
        if let instances = service.instances { check(instances, path: "\(path).instances") }
    }

    private mutating func check(_ backends: [BackendSetting], path: String) {
        for (index, backend) in backends.enumerated() {
            if backends[..<index].contains(where: { $0.address == backend.address }) {
                find(
                    "\(path).\(index).address", "\(backend.address) is here twice",
                    hint: "use `weight` for a larger share")
            }
            guard case .tcp(let host, let port) = backend.address, Self.isLoopback(host) else { continue }
            for listener in settings.listeners {
                guard case .tcp(let bindHost, port) = listener.bind, Self.overlap(bindHost, host) else { continue }
                find("\(path).\(index).address", "\(backend.address) is our own listener `\(listener.name)`: a loop")
            }
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host.hasPrefix("127.") || host == "::1" || host.lowercased() == "localhost"
    }

    private mutating func check(_ instances: InstancesSetting, path: String) {
        let rollout = instances.rollout
        if isSound("\(path).rollout") {
            let most = instances.count.upperBound
            if rollout.surge.roundedUp(of: most) == 0, rollout.unavailable.roundedDown(of: most) == 0 {
                find(
                    "\(path).rollout.surge",
                    "a rollout could never begin: neither one instance more nor one fewer is allowed",
                    hint: "let `surge` or `unavailable` be 1")
            }
            if rollout.settle >= rollout.deadline {
                find(
                    "\(path).rollout.settle",
                    "an instance settles for \(Grammar.print(rollout.settle)), and the rollout fails after"
                        + " \(Grammar.print(rollout.deadline)) without progress",
                    hint: "`settle` must be less than `deadline`")
            }
        }
        for (index, name) in instances.shares.enumerated() {
            if instances.shares[..<index].contains(name) {
                find("\(path).shares.\(index)", "the share `\(name)` is here twice")
            } else if isSound("shares"), settings.share(name) == nil {
                let names = settings.shares.map(\.name.rawValue)
                let near = NearestName.of(name.rawValue, among: names).map { "did you mean `\($0)`?" }
                find(
                    "\(path).shares.\(index)", "there is no share `\(name)`",
                    hint: near
                        ?? (names.isEmpty
                            ? "define it below `shares`" : "the shares are \(names.joined(separator: ", "))"))
            }
        }
        checkVariables(instances, path: path)
    }

    /// Variables that the supervisor sets: one that it does not set is a typing mistake.
    private mutating func checkVariables(_ instances: InstancesSetting, path: String) {
        guard isSound("\(path).shares"), isSound("shares") else { return }
        var known = ["PORT", "PORTICO_INSTANCE", "PORTICO_SERVICE", "PORTICO_RELEASE"]
        if instances.releases != nil { known.append("PORTICO_RELEASE_DIR") }
        known += instances.shares.map { ShareSetting.variable($0) }
        let texts =
            instances.run.map { ("\(path).run", $0) }
            + instances.environment.sorted { $0.key < $1.key }.map { ("\(path).env.\($0.key)", $0.value) }
        for (path, text) in texts {
            for name in VariableExpansion.names(in: text)
            where VariableExpansion.isOfInstances(name) && !known.contains(name) {
                let near = NearestName.of(name, among: known).map { "did you mean `$\($0)`?" }
                let hint =
                    name.hasPrefix("SHARE_")
                    ? "name the share in `shares` of the instances"
                    : name == "PORTICO_RELEASE_DIR" ? "it is set with `releases`" : nil
                find(path, "an instance has no variable `\(name)`", hint: hint ?? near)
            }
        }
    }

    private mutating func checkShares() {
        for (index, share) in settings.shares.enumerated() {
            for other in settings.shares[..<index] where other.path == share.path {
                find("shares.\(share.name).path", "the share `\(other.name)` has the directory \(other.path) already")
            }
        }
    }
}

extension ListenerSetting {
    /// Where a TCP listener leads.
    fileprivate var service: ServiceName? {
        if case .tcp(let service) = mode { service } else { nil }
    }
}
