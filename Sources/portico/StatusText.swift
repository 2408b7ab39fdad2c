// `portico status` for people: what listens, what serves, what is going on and why.

import Administration
import Vocabulary

/// A status report as text. Pure.
enum StatusText {
    static func lines(_ status: StatusReport) -> [String] {
        var lines = heading(status)
        lines += [""] + listeners(status.listeners)
        lines += certificates(status.listeners)
        lines += [""] + services(status.services)
        lines += status.services.flatMap(remarks)
        lines += [""] + backends(status.services)
        if !status.shares.isEmpty {
            var table = TextTable(["SHARE": .left, "PATH": .left])
            for share in status.shares { table.add([share.name, share.path]) }
            lines += [""] + table.lines
        }
        return lines
    }

    private static func heading(_ status: StatusReport) -> [String] {
        let restarts = status.serverStarts > 1 ? ", started \(status.serverStarts) times" : ""
        return [
            "portico \(status.version) \(status.ready ? "is ready" : "is NOT ready"): "
                + "\(status.engine) (\(status.engineReason)), \(counted(status.workers, "worker")), revision \(status.revision)",
            "server \(status.serverPID) since \(status.startedAt)\(restarts), keeper \(status.keeperPID), "
                + "state in \(status.stateDirectory)",
        ]
    }

    private static func listeners(_ listeners: [ListenerReport]) -> [String] {
        var table = TextTable([
            "LISTENER": .left, "ADDRESS": .left, "OPEN": .right, "ACCEPTED": .right, "REFUSED": .right,
        ])
        for listener in listeners {
            table.add([
                listener.name, listener.bind, "\(listener.connectionsOpen)", "\(listener.connectionsAccepted)",
                "\(listener.requestsRefused)",
            ])
        }
        return table.lines
    }

    private static func certificates(_ listeners: [ListenerReport]) -> [String] {
        var table = TextTable(["TLS": .left, "NAMES": .left, "KEY": .left, "VALID UNTIL": .left, "FILE": .left])
        for listener in listeners {
            for certificate in listener.tls?.certificates ?? [] {
                table.add([
                    listener.name, certificate.names.joined(separator: ", "), certificate.key,
                    String(certificate.validUntil.prefix(10)), certificate.file,
                ])
            }
        }
        let problems = listeners.compactMap { listener in
            listener.tls?.problem.map { "\(listener.name): NEW CERTIFICATES ARE KEPT OUT: \($0)" }
        }
        guard listeners.contains(where: { $0.tls != nil }) else { return [] }
        return [""] + table.lines + problems
    }

    private static func services(_ services: [ServiceReport]) -> [String] {
        var table = TextTable([
            "SERVICE": .left, "RELEASE": .left, "READY": .right, "BOUNDS": .left, "BALANCE": .left,
            "IN FLIGHT": .right, "HELD": .right, "REQUESTS": .right, "5XX": .right,
        ])
        for service in services {
            let ready = service.backends.count { $0.phase == "ready" }
            let wanted = service.instancesDesired ?? service.backends.count
            table.add([
                service.name, service.release ?? "-", "\(ready)/\(wanted)", bounds(service), service.balance,
                "\(service.requestsInFlight)", "\(service.requestsHeld)", "\(service.requestsTotal)",
                "\(service.responses5xx)",
            ])
        }
        return table.lines
    }

    static func bounds(_ service: ServiceReport) -> String {
        guard let min = service.instancesMin, let max = service.instancesMax else { return "fixed" }
        return min == max ? "\(min)" : "\(min)..\(max)"
    }

    /// What does not fit into a row: why it has the size it has, and its rollout.
    private static func remarks(_ service: ServiceReport) -> [String] {
        var lines: [String] = []
        if let desired = service.instancesDesired, let reason = service.scalingReason, !reason.isEmpty {
            // The reason may begin with the number itself: `3: 24 in flight, 10 per instance`.
            let why = reason.hasPrefix("\(desired): ") ? String(reason.dropFirst("\(desired): ".count)) : reason
            lines.append("  \(service.name): \(counted(desired, "instance")) wanted: \(why)")
        }
        if let rollout = service.rollout { lines.append("  \(service.name): \(RolloutText.line(rollout))") }
        return lines
    }

    private static func backends(_ services: [ServiceReport]) -> [String] {
        var table = TextTable([
            "BACKEND": .left, "PHASE": .left, "RELEASE": .left, "ADDRESS": .left, "PID": .right, "UPTIME": .right,
            "IN FLIGHT": .right, "REQUESTS": .right, "5XX": .right, "CONNECT FAILED": .right, "HEALTH": .left,
        ])
        for backend in services.flatMap(\.backends) {
            table.add([
                backend.name, backend.phase, backend.release ?? "-", backend.address,
                backend.pid.map { "\($0)" } ?? "-", backend.uptimeSeconds.map(uptime) ?? "-",
                "\(backend.requestsInFlight)", "\(backend.requestsTotal)", "\(backend.responses5xx)",
                "\(backend.connectFailures)", backend.health ?? "",
            ])
        }
        return table.lines
    }

    /// The two largest units: `12s`, `3m 20s`, `4h 5m`, `9d 2h`.
    static func uptime(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "-" }
        let whole = Int(seconds)
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m \(whole % 60)s"
        case ..<86_400: return "\(whole / 3600)h \(whole / 60 % 60)m"
        default: return "\(whole / 86_400)d \(whole / 3600 % 24)h"
        }
    }

    static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
