// Every value of the settings under its key, in the order of the reference file.

import Routing
import Vocabulary

extension Settings {
    var outline: Outline {
        var entries: [Outline.Entry] = [
            .init("version", .plain("\(version)")),
            .init(
                "state",
                state.map { .text($0) }
                    ?? .unset("/var/lib/portico as root, else .local/state/portico in the home directory")),
            .init("workers", workers.outline),
            .init("drain", drain.outline),
            .init("buffers", buffers.map(\.outline) ?? .unset("a quarter of the memory there is")),
            .init(
                "admin",
                admin.map { .mapping([.init("bind", .text("\($0)"))]) } ?? .unset("admin.sock in the state directory")),
            .init("access_log", accessLog.outline),
            .init("listeners", .list(listeners.map { .init(label: "\($0.name)", value: $0.outline) })),
        ]
        if !routes.isEmpty { entries.append(.init("routes", .list(routes.map(\.item)))) }
        entries.append(.init("services", .mapping(services.map { .init("\($0.name)", $0.outline) })))
        if !shares.isEmpty {
            let shares = shares.map { Outline.Entry("\($0.name)", .mapping([.init("path", .text($0.path))])) }
            entries.append(.init("shares", .mapping(shares)))
        }
        return .mapping(entries)
    }
}

extension Outline.Entry {
    init(_ key: String, _ value: Outline) {
        self.init(key: key, value: value)
    }
}

extension Duration {
    fileprivate var outline: Outline { .plain(Grammar.print(self)) }
}

extension ByteCount {
    fileprivate var outline: Outline { .plain(Grammar.print(self)) }
}

extension Int {
    fileprivate var outline: Outline { .plain("\(self)") }
}

extension WorkerCount {
    fileprivate var outline: Outline {
        switch self {
        case .auto: .plain("auto")
        case .fixed(let count): count.outline
        }
    }
}

extension AccessLogSetting {
    fileprivate var outline: Outline {
        switch self {
        case .inStateDirectory: .unset("access.log in the state directory")
        case .off: .plain("off")
        case .path(let path): .text(path)
        }
    }
}

extension ListenerSetting {
    fileprivate var outline: Outline {
        var entries: [Outline.Entry] = [.init("name", .text("\(name)")), .init("bind", .text("\(bind)"))]
        let proxy: [Outline.Entry] =
            proxyFrom.map { networks in
                [.init("proxy_protocol", .mapping([.init("from", .words(networks.map { .text("\($0)") }))]))]
            } ?? []
        let handshake: [Outline.Entry] =
            tls != nil || h2c || proxyFrom != nil || mode == .tlsPassthrough
            ? [.init("handshake", timeouts.handshake.outline)] : []
        switch mode {
        case .http:
            entries.append(.init("protocol", .plain("http")))
            if let tls { entries.append(.init("tls", tls.outline)) }
            entries.append(tls == nil ? .init("h2c", .plain("\(h2c)")) : .init("http2", .plain("\(http2)")))
            if let redirectToHTTPS { entries.append(.init("redirect_to_https", redirectToHTTPS.outline)) }
            entries += proxy
            entries += [
                .init(
                    "timeouts",
                    .mapping(
                        handshake + [
                            .init("header", timeouts.header.outline), .init("body", timeouts.body.outline),
                            .init("idle", timeouts.idle.outline),
                        ])),
                .init(
                    "limits",
                    .mapping([
                        .init("connections", limits.connections.outline), perAddress,
                        .init(
                            "requests_per_connection",
                            limits.requestsPerConnection.map(\.outline) ?? .unset("no bound")),
                        .init("min_rate", limits.rateMin.outline),
                        .init("min_rate_grace", limits.rateGrace.outline),
                        .init("header_bytes", limits.headerBytes.outline),
                        .init("header_fields", limits.headerFields.outline),
                    ])),
            ]
        case .tcp(let service):
            entries += [.init("protocol", .plain("tcp")), .init("service", .text("\(service)"))]
            if let tls { entries.append(.init("tls", tls.outline)) }
            entries += proxy
            entries += [
                .init("timeouts", .mapping(handshake + [.init("tcp_idle", timeouts.tcpIdle.outline)])),
                .init("limits", .mapping([.init("connections", limits.connections.outline), perAddress])),
            ]
        case .tlsPassthrough:
            entries += [
                .init("protocol", .plain("tls_passthrough"))
            ]
            entries += proxy
            entries += [
                .init("timeouts", .mapping(handshake + [.init("tcp_idle", timeouts.tcpIdle.outline)])),
                .init("limits", .mapping([.init("connections", limits.connections.outline), perAddress])),
            ]
        }
        return .mapping(entries)
    }

    private var perAddress: Outline.Entry {
        .init("per_address", limits.perAddress.map(\.outline) ?? .unset("no bound of its own"))
    }
}

extension CertificateSetting {
    fileprivate var outline: Outline { .mapping([.init("chain", .text(chain)), .init("key", .text(key))]) }
}

extension ListenerTLSSetting {
    fileprivate var outline: Outline {
        var entries: [Outline.Entry] = [
            .init(
                "certificates", .list(certificates.map { Outline.Item(label: $0.chain, value: $0.outline) })),
            .init("min_version", .text(minVersion.rawValue)),
        ]
        if let clientCA { entries.append(.init("client_ca", .text(clientCA))) }
        return .mapping(entries)
    }
}

extension BackendTLSSetting {
    fileprivate var outline: Outline {
        var entries: [Outline.Entry] = [.init("verify", .plain("\(verifies)"))]
        if verifies { entries.append(.init("ca", ca.map { .text($0) } ?? .unset("the system's authorities"))) }
        entries.append(.init("name", name.map { .text($0) } ?? .unset("the host of the backend's address")))
        if let certificate { entries.append(.init("certificate", certificate.outline)) }
        return .mapping(entries)
    }
}

extension RouteSetting {
    fileprivate var item: Outline.Item {
        var entries: [Outline.Entry] = []
        if host == .any {
            entries.append(.init("host", .unset("every host")))
        } else {
            entries.append(.init("host", .text("\(host)")))
        }
        entries += [.init("path", .text(path)), .init("service", .text("\(service)"))]
        let rule = Route(host: host, path: path, service: service)
        return Outline.Item(label: "\(rule)", value: .mapping(entries))
    }
}

extension ServiceSetting {
    fileprivate var outline: Outline {
        var entries: [Outline.Entry] = [
            .init("protocol", .plain(transport.rawValue))
        ]
        if let tls { entries.append(.init("tls", tls.outline)) }
        entries += [
            .init("balance", .plain(balance.rawValue)),
            .init("health", health.outline), .init("timeouts", timeoutsOutline),
            .init(
                "retries",
                .mapping([.init("max", retries.max.outline), .init("budget", .plain("\(retries.budget)"))])),
            .init("hold", .mapping([.init("max", hold.max.outline), .init("for", hold.time.outline)])),
        ]
        if transport.isHTTP { entries.append(.init("max_body", bodyBytesMax.outline)) }
        if let sendProxyProtocol {
            entries.append(.init("send_proxy_protocol", .plain(sendProxyProtocol.rawValue)))
        }
        switch upstream {
        case .backends(let backends):
            let items = backends.map { backend in
                Outline.Item(
                    label: "\(backend.address)",
                    value: .mapping([
                        .init("address", .text("\(backend.address)")), .init("weight", backend.weight.outline),
                    ]))
            }
            entries.append(.init("backends", .list(items)))
        case .instances(let instances):
            entries.append(.init("instances", instances.outline))
        }
        return .mapping(entries)
    }

    private var timeoutsOutline: Outline {
        var entries: [Outline.Entry] = [.init("connect", timeouts.connect.outline)]
        if transport.isHTTP {
            entries += [
                .init("response", timeouts.response.outline), .init("idle", timeouts.idle.outline),
                .init("tunnel", timeouts.tunnel.outline), .init("keep_alive", timeouts.keepAlive.outline),
            ]
        }
        return .mapping(entries)
    }
}

extension HealthSetting {
    fileprivate var outline: Outline {
        let checkEntry: Outline.Entry =
            switch check {
            case .tcp: .init("tcp", .plain("true"))
            case .http(let path): .init("http", .text(path))
            }
        return .mapping([
            checkEntry, .init("interval", interval.outline), .init("timeout", timeout.outline),
            .init("fall", fall.outline), .init("rise", rise.outline),
        ])
    }
}

extension InstancesSetting {
    fileprivate var outline: Outline {
        var entries: [Outline.Entry] = [
            .init("run", .words(run.map { .template($0) })),
            .init("release", .text("\(release)")),
            .init("releases", releases.map { .text($0) } ?? .unset("none: a release is a name only")),
            .init("count", .plain(Grammar.print(count))),
            .init(
                "scale",
                .mapping([
                    .init("in_flight", scale.inFlight.outline), .init("down_after", scale.downAfter.outline),
                ])),
            .init(
                "rollout",
                .mapping([
                    .init("surge", .plain("\(rollout.surge)")), .init("unavailable", .plain("\(rollout.unavailable)")),
                    .init("settle", rollout.settle.outline), .init("deadline", rollout.deadline.outline),
                    .init("undo", .plain(rollout.undo.rawValue)),
                ])),
            .init(
                "drain",
                .mapping([.init("requests", drain.requests.outline), .init("tunnels", drain.tunnels.outline)])),
            .init("stop", .mapping([.init("grace", stop.grace.outline)])),
            .init(
                "limits",
                .mapping([
                    .init("open_files", limits.openFiles.map(\.outline) ?? .unset("the system's own limit")),
                    .init("memory", limits.memory.map(\.outline) ?? .unset("the system's own limit")),
                ])),
            .init("shares", .words(shares.map { .text("\($0)") })),
        ]
        if !environment.isEmpty {
            let variables = environment.sorted { $0.key < $1.key }.map { Outline.Entry($0.key, .template($0.value)) }
            entries.append(.init("env", .mapping(variables)))
        }
        return .mapping(entries)
    }
}
