// Certificates: made into contexts at the start and at a reload, looked at every two seconds, swapped when their files
// have changed. What can't be used is kept out: the old contexts go on, and events and status say why.
//
// A new context is a new dress for connections to come; those that are open keep theirs, so that nobody is dropped.
// Reading blocks this actor for as long as the files take (milliseconds on a local disk).

import Administration
import Kernel
import Proxy
import Settings
import TLS
import Telemetry
import Vocabulary

extension Supervisor {
    /// What listeners and services wear.
    struct Closet {
        var listeners: [ListenerName: Worn<ListenerTLSSetting, TLSServerContext>] = [:]
        var services: [ServiceName: Worn<BackendTLSSetting, TLSClientContext>] = [:]
        /// Kept when contexts are replaced, so that clients can go on from earlier sessions.
        var tickets: [ListenerName: TicketKeyRing] = [:]
        var nextRotation = Instant.zero
        var nextLook = Instant.zero
        /// What was already said about certificates, by fingerprint.
        var ages: [String: CertificateAge] = [:]
        /// Dresses by the contexts they are made of; made anew when one changes.
        var listenerDresses: [ListenerName: ListenerDress] = [:]
        var upstreamDresses: [ServiceName: [String: UpstreamDress]] = [:]
    }

    // MARK: Making

    /// Makes what `new` asks for and has not got, all or nothing; every problem is told at once.
    ///
    /// - Parameter isRestart: what can't be made is done without, and made as soon as its files are right: the listener
    ///   takes no connections (they wait in its backlog), the service believes nobody. For a server that takes the place
    ///   of one that was killed: one broken file must not keep everything else down.
    func tailor(_ new: Settings, isRestart: Bool = false) throws(TLSProblems) {
        var next = closet
        var problems: [TLSError] = []
        next.listeners = [:]
        next.services = [:]
        for listener in new.listeners {
            guard let tls = listener.tls else { continue }
            let protocols = Wardrobe.protocols(of: listener)
            if let worn = closet.listeners[listener.name], worn.isGood(for: tls, protocols) {
                next.listeners[listener.name] = worn
                continue
            }
            let tickets = next.tickets[listener.name] ?? TicketKeyRing()
            next.tickets[listener.name] = tickets
            // The stamps come first: what changes while it is read shows at the next look.
            let files = FileWatch(Wardrobe.files(of: tls) { absolute($0) })
            do throws(TLSProblems) {
                let context = try serverContext(listener, tls, tickets)
                next.listeners[listener.name] = Worn(
                    setting: tls, protocols: protocols, context: context, files: files)
            } catch {
                problems += error.errors
                next.listeners[listener.name] = Worn(
                    setting: tls, protocols: protocols, files: files, problem: "\(error)")
            }
        }
        for service in new.services {
            guard let tls = service.tls else { continue }
            let protocols = Wardrobe.protocols(of: service)
            if let worn = closet.services[service.name], worn.isGood(for: tls, protocols) {
                next.services[service.name] = worn
                continue
            }
            let files = FileWatch(Wardrobe.files(of: tls) { absolute($0) })
            do throws(TLSProblems) {
                let context = try clientContext(service, tls)
                next.services[service.name] = Worn(
                    setting: tls, protocols: protocols, context: context, files: files)
            } catch {
                problems += error.errors
                next.services[service.name] = Worn(
                    setting: tls, protocols: protocols, context: Wardrobe.distrust(), files: files, problem: "\(error)")
            }
        }
        if !problems.isEmpty {
            guard isRestart else { throw TLSProblems(problems) }
            surroundings.events.record(.certificateRefused, message: "done without, since \(TLSProblems(problems))")
        }
        closet = next
        for (name, worn) in next.listeners.sorted(by: { $0.key < $1.key }) {
            guard let context = worn.context else { continue }
            noteAges(context, of: name)
            noteWarnings(context, of: name)
        }
        dressAll(new)
    }

    private func serverContext(
        _ listener: ListenerSetting, _ tls: ListenerTLSSetting, _ tickets: TicketKeyRing
    ) throws(TLSProblems) -> TLSServerContext {
        try Wardrobe.serverContext(
            tls, scope: listener.name, protocols: Wardrobe.protocols(of: listener), tickets: tickets,
            loops: configuration.workers
        ) { absolute($0) }
    }

    private func clientContext(
        _ service: ServiceSetting, _ tls: BackendTLSSetting
    ) throws(TLSProblems) -> TLSClientContext {
        try Wardrobe.clientContext(tls, protocols: Wardrobe.protocols(of: service)) { absolute($0) }
    }

    /// Makes every dress anew: each knows the names of all certificates.
    private func dressAll(_ settings: Settings) {
        let hosts = ServerNames(
            closet.listeners.sorted { $0.key < $1.key }.flatMap { ($0.value.context?.names ?? []).map { ($0, 0) } })
        closet.listenerDresses = closet.listeners.compactMapValues { worn in
            worn.context.map {
                ListenerDress(tls: $0, http2: worn.protocols == .http2AndHTTP1, certifiedHosts: hosts)
            }
        }
        for listener in settings.listeners where listener.tls == nil && listener.h2c {
            closet.listenerDresses[listener.name] = ListenerDress(h2c: true)
        }
        closet.upstreamDresses = closet.upstreamDresses.filter { name, dresses in
            dresses.values.allSatisfy { $0.tls === closet.services[name]?.context }
        }
        isTableStale = true
    }

    /// The listeners that take connections: one that shall speak TLS and has no certificate does not.
    var openListeners: [BoundListener] {
        listeners.filter { listener in closet.listeners[listener.name].map { $0.context != nil } ?? true }
    }

    /// What everybody wears, for the data plane.
    func dresses() -> Dresses {
        var dresses = Dresses(listeners: closet.listenerDresses)
        for listener in settings.listeners where listener.proxyFrom != nil {
            dresses.listeners[listener.name] = ListenerDress(heralding: dresses.listeners[listener.name])
        }
        for setting in settings.services {
            let worn = closet.services[setting.name]
            guard worn != nil || setting.transport.isHTTP2 else { continue }
            let members = fixed[setting.name]?.members.map { ($0.backend, $0.setting.address) } ?? []
            for (backend, address) in members {
                dresses.backends[backend] = upstreamDress(setting, worn, host: address.host)
            }
            for live in supervised[setting.name]?.live.values.map(\.backend) ?? [] {
                dresses.backends[live] = upstreamDress(setting, worn, host: "")
            }
        }
        return dresses
    }

    /// One per service and name, so that it stays the same from table to table.
    private func upstreamDress(
        _ service: ServiceSetting, _ worn: Worn<BackendTLSSetting, TLSClientContext>?, host: String
    ) -> UpstreamDress {
        let name = worn?.setting.name ?? host
        let isH2 = service.transport.isHTTP2
        if let dress = closet.upstreamDresses[service.name]?[name], dress.isH2 == isH2 { return dress }
        let dress = UpstreamDress(tls: worn?.context, name: name, isH2: isH2)
        closet.upstreamDresses[service.name, default: [:]][name] = dress
        return dress
    }

    // MARK: Watching

    /// Every two seconds: swaps what has changed on disk, and rotates the keys of tickets when it is time.
    func lookAtCertificates(now: Instant) {
        guard now >= closet.nextLook else { return }
        closet.nextLook = now + Limits.certificateInterval
        if closet.nextRotation == .zero { closet.nextRotation = now + .seconds(TicketKeyRing.period) }
        if now >= closet.nextRotation {
            closet.nextRotation = now + .seconds(TicketKeyRing.period)
            for ring in closet.tickets.values { ring.rotate() }
        }
        for name in closet.listeners.keys.sorted() where closet.listeners[name]!.files.look() { swapListener(name) }
        for name in closet.services.keys.sorted() where closet.services[name]!.files.look() { swapService(name) }
        for (name, worn) in closet.listeners.sorted(by: { $0.key < $1.key }) {
            if let context = worn.context { noteAges(context, of: name) }
        }
    }

    private func swapListener(_ name: ListenerName) {
        guard var worn = closet.listeners[name], let tickets = closet.tickets[name],
            let listener = settings.listeners.first(where: { $0.name == name })
        else { return }
        worn.files.take()
        do throws(TLSProblems) {
            let context = try serverContext(listener, worn.setting, tickets)
            worn.context = context
            worn.problem = nil
            noteWarnings(context, of: name)
            let lines = context.certificates.map(\.line).joined(separator: "; ")
            surroundings.events.record(.certificateSwapped, message: "\(name): \(lines)")
        } catch {
            refuse(&worn.problem, "\(name)", error)
        }
        closet.listeners[name] = worn
        dressAll(settings)
    }

    private func swapService(_ name: ServiceName) {
        guard var worn = closet.services[name], let setting = settings.service(name) else { return }
        worn.files.take()
        do throws(TLSProblems) {
            worn.context = try clientContext(setting, worn.setting)
            worn.problem = nil
            surroundings.events.record(
                .certificateSwapped, service: name, message: "connections to backends follow the new files")
        } catch {
            refuse(&worn.problem, "\(name)", error)
        }
        closet.services[name] = worn
        dressAll(settings)
    }

    private func refuse(_ problem: inout String?, _ name: String, _ error: TLSProblems) {
        problem = "\(error)"
        surroundings.events.record(
            .certificateRefused, message: "\(name): the former files stay in use, since \(error)")
    }

    /// An event when a certificate comes into its last days, and one when they are over.
    private func noteAges(_ context: TLSServerContext, of name: ListenerName) {
        let now = wallSeconds
        for facts in context.certificates {
            let age = CertificateAge(facts, now: now)
            guard age > closet.ages[facts.fingerprint] ?? .valid else { continue }
            closet.ages[facts.fingerprint] = age
            surroundings.events.record(.certificateEnding, message: "\(name): \(facts.line)")
        }
    }

    private func noteWarnings(_ context: TLSServerContext, of name: ListenerName) {
        for warning in context.warnings {
            surroundings.events.record(.certificateOdd, message: "\(name): \(warning)")
        }
    }

    private var wallSeconds: Int64 { Timestamp.now().microseconds / 1_000_000 }

    // MARK: Telling

    /// What a listener's certificates are, for status; `nil` without TLS.
    func tlsReport(of name: ListenerName, _ gauges: ListenerGauges) -> TLSReport? {
        guard let worn = closet.listeners[name] else { return nil }
        return TLSReport(
            certificates: (worn.context?.certificates ?? []).map { facts in
                CertificateReport(
                    file: facts.path, names: facts.names, key: facts.key, fingerprint: facts.fingerprint,
                    validUntil: facts.end, validUntilSeconds: Int(facts.validUntil))
            }, problem: worn.problem, handshakes: Int(clamping: gauges.handshakes),
            handshakesResumed: Int(clamping: gauges.handshakesResumed),
            handshakesFailed: Int(clamping: gauges.handshakesFailed))
    }
}

extension CertificateFacts {
    fileprivate var end: String { Timestamp(microseconds: validUntil * 1_000_000).description }

    fileprivate var line: String { "\(path) for \(names.joined(separator: ", ")), \(key), until \(end)" }
}

extension Endpoint {
    /// Of a TCP address.
    var host: String {
        if case .tcp(let host, _) = self { host } else { "" }
    }
}
