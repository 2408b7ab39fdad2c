// Services and their fixed backends.

import Routing
import Vocabulary

extension DocumentReader {
    func services(_ fields: Fields) -> [ServiceSetting] {
        named("services", Catalogue.service, in: fields).compactMap { name, fields in
            var service = ServiceSetting(name: ServiceName(name), upstream: .backends([]))
            fields.choice("protocol", into: &service.transport)
            service.tls = backendTLS(fields)
            fields.choice("balance", into: &service.balance)
            if let health = fields.object("health") { read(health, into: &service.health) }
            if let timeouts = fields.object("timeouts") {
                read(timeouts, service.transport, into: &service.timeouts)
            }
            if let retries = fields.object("retries") {
                retries.integer("max", into: &service.retries.max)
                retries.percent("budget", into: &service.retries.budget)
            }
            if let hold = fields.object("hold") {
                hold.integer("max", into: &service.hold.max)
                hold.duration("for", into: &service.hold.time)
            }
            if service.transport == .tcp { fields.refuse(["max_body"], "has no meaning with `protocol: tcp`") }
            fields.size("max_body", into: &service.bodyBytesMax)
            fields.choice("send_proxy_protocol", into: &service.sendProxyProtocol)
            if service.transport != .tcp {
                fields.refuse(
                    ["send_proxy_protocol"],
                    "has no meaning without `protocol: tcp`: connections carry requests of many clients, and"
                        + " `X-Forwarded-For` tells whose each is")
            } else if fields.has("tls") {
                fields.refuse(["send_proxy_protocol"], "is not supported with `tls`: the header would be encrypted")
            }
            service.upstream = upstream(fields)
            return service
        }
    }

    private func read(_ fields: Fields, into health: inout HealthSetting) {
        if fields.has("http"), fields.has("tcp") {
            fields.report(Complaint("`http` and `tcp` exclude each other", hint: "keep one of the two"), key: "tcp")
        }
        if let path = fields.text("http", Grammar.probePath) { health.check = .http(path: path) }
        _ = fields.text("tcp", Grammar.flag)
        fields.duration("interval", into: &health.interval)
        fields.duration("timeout", into: &health.timeout)
        fields.integer("fall", into: &health.fall)
        fields.integer("rise", into: &health.rise)
    }

    private func read(
        _ fields: Fields, _ transport: ServiceSetting.Transport, into timeouts: inout UpstreamTimeouts
    ) {
        if transport == .tcp {
            fields.refuse(["response", "idle", "tunnel", "keep_alive"], "has no meaning with `protocol: tcp`")
        }
        fields.duration("connect", into: &timeouts.connect)
        fields.duration("response", into: &timeouts.response)
        fields.duration("idle", into: &timeouts.idle)
        fields.duration("tunnel", into: &timeouts.tunnel)
        fields.duration("keep_alive", into: &timeouts.keepAlive)
    }

    private func upstream(_ fields: Fields) -> ServiceSetting.Upstream {
        switch (fields.entry("backends"), fields.entry("instances")) {
        case (nil, nil):
            let complaint = Complaint(
                "the service has neither `backends` nor `instances`",
                hint: "`backends` for addresses that run already, `instances` for processes to supervise")
            reading.report(complaint, at: fields.place, path: fields.path)
            return .backends([])
        case (let backends?, let instances?):
            let complaint = Complaint(
                "`backends` (line \(backends.keyPlace.line)) and `instances` (line \(instances.keyPlace.line)) exclude"
                    + " each other",
                hint: "make two services of it, or keep one of the two")
            let later = backends.keyPlace < instances.keyPlace ? "instances" : "backends"
            fields.report(complaint, key: later)
            _ = self.backends(backends, path: fields.path(of: "backends"))
            return fields.object("instances").map { .instances(self.instances($0)) } ?? .backends([])
        case (let backends?, nil):
            return .backends(self.backends(backends, path: fields.path(of: "backends")))
        case (nil, _?):
            return fields.object("instances").map { .instances(instances($0)) } ?? .backends([])
        }
    }

    private func backends(_ entry: SourceNode.Entry, path: String) -> [BackendSetting] {
        reading.locate(path, at: entry.keyPlace)
        guard case .list(let nodes) = entry.value.content, !nodes.isEmpty else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint(
                "`backends` must be a list of addresses, found \(found)", hint: "write `backends: [\"10.0.0.7:8080\"]`")
            reading.report(complaint, at: entry.keyPlace, path: path)
            return []
        }
        return nodes.enumerated().compactMap { index, node in backend(node, path: "\(path).\(index)") }
    }

    private func backend(_ node: SourceNode, path: String) -> BackendSetting? {
        if case .mapping = node.content {
            guard let fields = Fields(node, Catalogue.backend, path: path, place: node.place, reading: reading)
            else { return nil }
            if !fields.has("address") { fields.reportMissing("address") }
            var weight = Defaults.backendWeight
            fields.integer("weight", into: &weight)
            return fields.text("address", Grammar.backendAddress).map { BackendSetting(address: $0, weight: weight) }
        }
        let expected = Kind.backendAddress.expectation
        guard let text = reading.scalar(node, "backends", expected: expected, path: "\(path).address") else {
            return nil
        }
        do throws(Complaint) {
            return BackendSetting(address: try Grammar.backendAddress(text))
        } catch {
            reading.report(Complaint("backends: \(error.message)", hint: error.hint), at: node.place, path: path)
            return nil
        }
    }
}
