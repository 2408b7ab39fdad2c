// The metrics of the front door, all read from one `StatusReport`, so that `/metrics` and `status` never disagree.
// Counters start at zero with each server; `portico_server_starts_total` tells when that was.

import Administration

extension PrometheusText {
    /// The whole exposition. Names start with `portico_`; samples are in the order of the report. Pure.
    package static func exposition(of status: StatusReport) -> String {
        var text = PrometheusText()
        text.addServer(status)
        text.addListeners(status.listeners)
        text.addCertificates(status.listeners)
        text.addServices(status.services)
        text.addScaling(status.services)
        text.addRollouts(status.services)
        text.addBackends(status.services)
        text.add(
            "portico_share_info", .gauge, help: "Shared directories; always 1.",
            status.shares.map { Sample(["share": $0.name, "path": $0.path], 1) })
        return text.text
    }

    private mutating func addServer(_ status: StatusReport) {
        add(
            "portico_info", .gauge, help: "What is running; always 1.",
            [Sample(["version": status.version, "engine": status.engine], 1)])
        add(
            "portico_ready", .gauge, help: "Whether every service can take requests.",
            [Sample(isTrue: status.ready)])
        add("portico_workers", .gauge, help: "Event-loop threads.", [Sample([:], status.workers)])
        add(
            "portico_revision", .gauge, help: "Version of the routing table in force.",
            [Sample([:], Double(status.revision))])
        add(
            "portico_server_starts_total", .counter, help: "Servers started by the keeper since it began.",
            [Sample([:], status.serverStarts)])
    }

    private mutating func addCertificates(_ listeners: [ListenerReport]) {
        func samples(_ value: (TLSReport) -> Int) -> [Sample] {
            listeners.compactMap { listener in listener.tls.map { Sample(["listener": listener.name], value($0)) } }
        }
        guard listeners.contains(where: { $0.tls != nil }) else { return }
        add(
            "portico_tls_handshakes_total", .counter, help: "TLS handshakes that went well.",
            samples(\.handshakes))
        add(
            "portico_tls_handshakes_resumed_total", .counter,
            help: "Of these, those that went on from an earlier session.",
            samples(\.handshakesResumed))
        add(
            "portico_tls_handshakes_failed_total", .counter, help: "TLS handshakes that failed or took too long.",
            samples(\.handshakesFailed))
        add(
            "portico_tls_certificates_stale", .gauge, help: "Whether newer certificate files are kept out.",
            samples { $0.problem == nil ? 0 : 1 })
        add(
            "portico_tls_certificate_valid_until_seconds", .gauge, help: "The end of a certificate, since 1970.",
            listeners.flatMap { listener in
                (listener.tls?.certificates ?? []).map { certificate in
                    Sample(["listener": listener.name, "file": certificate.file], certificate.validUntilSeconds)
                }
            })
    }

    private mutating func addListeners(_ listeners: [ListenerReport]) {
        func samples(_ value: (ListenerReport) -> Int) -> [Sample] {
            listeners.map { Sample(["listener": $0.name], value($0)) }
        }
        add(
            "portico_listener_connections_open", .gauge, help: "Client connections open now.",
            samples(\.connectionsOpen))
        add(
            "portico_listener_connections_accepted_total", .counter, help: "Client connections accepted.",
            samples(\.connectionsAccepted))
        add(
            "portico_listener_connections_refused_total", .counter,
            help: "Client connections closed before they could ask for anything.",
            listeners.flatMap { listener in
                [
                    Sample(["listener": listener.name, "reason": "per_address"], listener.refusals.perAddress),
                    Sample(["listener": listener.name, "reason": "untrusted"], listener.refusals.untrusted),
                    Sample(["listener": listener.name, "reason": "no_proxy_header"], listener.refusals.unheralded),
                ]
            })
        add(
            "portico_listener_pauses_total", .counter, help: "How often accepting paused, by what was used up.",
            listeners.flatMap { listener in
                [
                    Sample(["listener": listener.name, "reason": "connections"], listener.refusals.pausedFull),
                    Sample(["listener": listener.name, "reason": "resources"], listener.refusals.pausedShort),
                ]
            })
    }

    private mutating func addServices(_ services: [ServiceReport]) {
        func samples(_ value: (ServiceReport) -> Int) -> [Sample] {
            services.map { Sample(["service": $0.name], value($0)) }
        }
        add(
            "portico_service_requests_total", .counter, help: "Requests (or TCP connections) taken.",
            samples(\.requestsTotal))
        add(
            "portico_service_responses_5xx_total", .counter, help: "Responses with a status of 500 or above.",
            samples(\.responses5xx))
        add(
            "portico_service_requests_in_flight", .gauge, help: "Requests on a backend now.",
            samples(\.requestsInFlight))
        add(
            "portico_service_requests_held", .gauge, help: "Requests waiting for a backend now.",
            samples(\.requestsHeld))
    }

    private mutating func addScaling(_ services: [ServiceReport]) {
        func samples(_ value: (ServiceReport) -> Int?) -> [Sample] {
            services.compactMap { service in value(service).map { Sample(["service": service.name], $0) } }
        }
        add(
            "portico_service_instances_min", .gauge, help: "Lower bound of scaling.", samples(\.instancesMin))
        add(
            "portico_service_instances_max", .gauge, help: "Upper bound of scaling.", samples(\.instancesMax))
        add(
            "portico_service_instances_desired", .gauge, help: "Instances wanted now.", samples(\.instancesDesired))
        add(
            "portico_service_backends", .gauge, help: "Backends by phase.",
            services.flatMap { service in
                let phases = Dictionary(grouping: service.backends, by: \.phase)
                return phases.sorted { $0.key < $1.key }.map { phase, backends in
                    Sample(["service": service.name, "phase": phase], backends.count)
                }
            })
        add(
            "portico_service_release_info", .gauge, help: "The release that is in force; always 1.",
            services.compactMap { service in
                service.release.map { Sample(["service": service.name, "release": $0], 1) }
            })
    }

    private mutating func addRollouts(_ services: [ServiceReport]) {
        let rollouts = services.compactMap { service in service.rollout.map { (service.name, $0) } }
        add(
            "portico_rollout_info", .gauge, help: "The rollout in progress or the last one; always 1.",
            rollouts.map { service, rollout in
                Sample(
                    [
                        "service": service, "number": String(rollout.number), "from": rollout.from, "to": rollout.to,
                        "state": rollout.state.rawValue,
                    ], 1)
            })
        add(
            "portico_rollout_in_progress", .gauge, help: "Whether a rollout (or its undoing) is not over.",
            rollouts.map { Sample(["service": $0], isTrue: !$1.state.isFinal) })
        add(
            "portico_rollout_instances_replaced", .gauge, help: "New instances that serve.",
            rollouts.map { Sample(["service": $0], $1.replaced) })
        add(
            "portico_rollout_instances_desired", .gauge, help: "New instances that are wanted.",
            rollouts.map { Sample(["service": $0], $1.desired) })
    }

    private mutating func addBackends(_ services: [ServiceReport]) {
        let backends = services.flatMap { service in service.backends.map { (service.name, $0) } }
        func samples(_ value: (BackendReport) -> Double?) -> [Sample] {
            backends.compactMap { service, backend in
                value(backend).map {
                    Sample(["service": service, "backend": backend.name, "release": backend.release ?? ""], $0)
                }
            }
        }
        add(
            "portico_backend_up", .gauge, help: "Whether the backend takes new requests.",
            samples { $0.phase == "ready" ? 1 : 0 })
        add(
            "portico_backend_requests_total", .counter, help: "Requests (or TCP connections) sent to the backend.",
            samples { Double($0.requestsTotal) })
        add(
            "portico_backend_responses_5xx_total", .counter, help: "Its responses with a status of 500 or above.",
            samples { Double($0.responses5xx) })
        add(
            "portico_backend_connect_failures_total", .counter, help: "Connections to it that failed.",
            samples { Double($0.connectFailures) })
        add(
            "portico_backend_requests_in_flight", .gauge, help: "Requests on it now.",
            samples { Double($0.requestsInFlight) })
        add(
            "portico_backend_uptime_seconds", .gauge, help: "Time since the instance was started.",
            samples(\.uptimeSeconds))
    }
}
