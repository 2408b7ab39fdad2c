// Listeners and routes.

import Routing
import Vocabulary

extension DocumentReader {
    func listeners(_ fields: Fields) -> [ListenerSetting] {
        items("listeners", Catalogue.listener, in: fields).compactMap { _, listener in
            for key in ["name", "bind"] where !listener.has(key) { listener.reportMissing(key) }
            let name = listener.text("name", Grammar.name)
            let bind = listener.text("bind", Grammar.listenAddress)
            var transport = ListenerTransport.http
            listener.choice("protocol", into: &transport)
            let mode = mode(listener, transport)
            if transport == .tlsPassthrough {
                listener.refuse(["tls"], "has no meaning when TLS is passed on unopened")
            }
            let tls = listenerTLS(listener)
            var http2 = Defaults.http2
            var h2c = Defaults.h2c
            readHTTP2(listener, transport, &http2, &h2c)
            var redirect: Int?
            if transport != .http { listener.refuse(["redirect_to_https"], "has no meaning without `protocol: http`") }
            if listener.has("tls") { listener.refuse(["redirect_to_https"], "has no meaning with `tls`") }
            listener.integer("redirect_to_https", into: &redirect)
            let proxyFrom = proxyNetworks(listener)
            var timeouts = ListenerTimeouts()
            if let inner = listener.object("timeouts") {
                if !listener.has("tls"), !h2c, !listener.has("proxy_protocol"), transport != .tlsPassthrough {
                    inner.refuse(["handshake"], "has no meaning without `tls`, `h2c` or `proxy_protocol`")
                }
                read(inner, transport, into: &timeouts)
            }
            var limits = ListenerLimits()
            if let inner = listener.object("limits") {
                if transport != .http {
                    inner.refuse(Self.limitsOfHTTP, "has no meaning with `protocol: \(transport.rawValue)`")
                }
                inner.integer("connections", into: &limits.connections)
                inner.integer("per_address", into: &limits.perAddress)
                inner.integer("requests_per_connection", into: &limits.requestsPerConnection)
                inner.size("min_rate", into: &limits.rateMin)
                inner.duration("min_rate_grace", into: &limits.rateGrace)
                inner.size("header_bytes", into: &limits.headerBytes)
                inner.integer("header_fields", into: &limits.headerFields)
            }
            guard let name, let bind, let mode else { return nil }
            return ListenerSetting(
                name: ListenerName(name), bind: bind, mode: mode, tls: tls, http2: http2, h2c: h2c,
                redirectToHTTPS: redirect, proxyFrom: proxyFrom, timeouts: timeouts, limits: limits)
        }
    }

    private static let limitsOfHTTP = [
        "header_bytes", "header_fields", "requests_per_connection", "min_rate", "min_rate_grace",
    ]

    /// Who may send a PROXY header; `nil` when nobody does.
    private func proxyNetworks(_ listener: Fields) -> [Network]? {
        guard let proxy = listener.object("proxy_protocol") else { return nil }
        guard let entry = proxy.entry("from") else {
            proxy.reportMissing("from", hint: "write `from: [10.0.0.0/8]`: anybody else could pretend to be anyone")
            return nil
        }
        let path = proxy.path(of: "from")
        reading.note(path, at: entry.value.place)
        guard case .list(let nodes) = entry.value.content, !nodes.isEmpty else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint("`from` must be \(Kind.networks.expectation), found \(found)")
            reading.report(complaint, at: entry.value.place, path: path)
            return nil
        }
        return nodes.enumerated().compactMap { index, node in
            let path = "\(path).\(index)"
            guard let text = reading.scalar(node, "from", expected: "a network", path: path) else { return nil }
            do throws(Complaint) {
                return try Grammar.network(text)
            } catch {
                reading.report(Complaint("from: \(error.message)", hint: error.hint), at: node.place, path: path)
                return nil
            }
        }
    }

    private func readHTTP2(
        _ listener: Fields, _ transport: ListenerTransport, _ http2: inout Bool, _ h2c: inout Bool
    ) {
        if transport != .http {
            listener.refuse(["http2", "h2c"], "has no meaning with `protocol: \(transport.rawValue)`")
        } else if listener.has("tls") {
            listener.refuse(["h2c"], "has no meaning with `tls`; there it is `http2`")
        } else {
            listener.refuse(["http2"], "has no meaning without `tls`; without it is `h2c`")
        }
        listener.text("http2", into: &http2, Grammar.boolean)
        listener.text("h2c", into: &h2c, Grammar.boolean)
    }

    private func mode(_ listener: Fields, _ transport: ListenerTransport) -> ListenerSetting.Mode? {
        switch transport {
        case .http:
            if listener.has("service") {
                let complaint = Complaint(
                    "`service` has no meaning with `protocol: http`", hint: "say in `routes` where requests go")
                listener.report(complaint, key: "service")
            }
            return .http
        case .tlsPassthrough:
            if listener.has("service") {
                let complaint = Complaint(
                    "`service` has no meaning with `protocol: tls_passthrough`",
                    hint: "say in `routes` which host goes to which service")
                listener.report(complaint, key: "service")
            }
            return .tlsPassthrough
        case .tcp:
            guard listener.has("service") else {
                listener.reportMissing("service", hint: "with `protocol: tcp` every connection goes to one service")
                return nil
            }
            return listener.text("service", Grammar.name).map { .tcp(ServiceName($0)) }
        }
    }

    private func read(
        _ fields: Fields, _ transport: ListenerTransport, into timeouts: inout ListenerTimeouts
    ) {
        switch transport {
        case .http: fields.refuse(["tcp_idle"], "has no meaning without `protocol: tcp`")
        case .tcp, .tlsPassthrough:
            fields.refuse(["header", "body", "idle"], "has no meaning with `protocol: \(transport.rawValue)`")
        }
        fields.duration("header", into: &timeouts.header)
        fields.duration("body", into: &timeouts.body)
        fields.duration("idle", into: &timeouts.idle)
        fields.duration("tcp_idle", into: &timeouts.tcpIdle)
        fields.duration("handshake", into: &timeouts.handshake)
    }

    func routes(_ fields: Fields) -> [RouteSetting] {
        items("routes", Catalogue.route, in: fields).compactMap { _, route in
            if !route.has("service") { route.reportMissing("service") }
            var host = HostPattern.any
            route.text("host", into: &host, Grammar.host)
            var path = Defaults.routePath
            route.text("path", into: &path, Grammar.routePath)
            return route.text("service", Grammar.name).map {
                RouteSetting(host: host, path: path, service: ServiceName($0))
            }
        }
    }
}

/// The words of a listener's `protocol`.
private enum ListenerTransport: String {
    case http
    case tcp
    case tlsPassthrough = "tls_passthrough"
}
