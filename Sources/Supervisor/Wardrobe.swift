// From settings to TLS contexts: which files they are made of, and the contexts themselves. Reads files; decides nothing
// about when.

import Kernel
import Settings
import TLS
import Vocabulary

/// Makes contexts from the files that settings name. Blocks for as long as the files take to read.
package enum Wardrobe {
    /// Bytes of a PEM file; a bundle of every public authority has about 220 KiB.
    static let fileBytesMax = 4 << 20

    /// The files behind a listener's `tls`, as paths to open.
    static func files(of setting: ListenerTLSSetting, _ resolved: (String) -> String) -> [String] {
        (setting.certificates.flatMap { [$0.chain, $0.key] } + (setting.clientCA.map { [$0] } ?? [])).map(resolved)
    }

    /// The files behind a service's `tls`.
    static func files(of setting: BackendTLSSetting, _ resolved: (String) -> String) -> [String] {
        let own = setting.certificate.map { [$0.chain, $0.key] } ?? []
        return (own + (setting.ca.map { [$0] } ?? [])).map(resolved)
    }

    /// What a listener's ALPN offers.
    static func protocols(of listener: ListenerSetting) -> ApplicationProtocols {
        guard listener.mode == .http else { return .any }
        return listener.http2 ? .http2AndHTTP1 : .http1
    }

    /// What ALPN offers to a service's backends.
    static func protocols(of service: ServiceSetting) -> ApplicationProtocols {
        switch service.transport {
        case .http: .http1
        case .h2, .grpc: .http2AndHTTP1
        case .tcp: .any
        }
    }

    static func serverContext(
        _ setting: ListenerTLSSetting, scope: ListenerName, protocols: ApplicationProtocols, tickets: TicketKeyRing,
        loops: Int, _ resolved: (String) -> String
    ) throws(TLSProblems) -> TLSServerContext {
        var problems: [TLSError] = []
        var certificates: [CertificateText] = []
        for pair in setting.certificates {
            let chain = read(resolved(pair.chain), &problems)
            let key = read(resolved(pair.key), &problems)
            if let chain, let key { certificates.append(CertificateText(chain: chain, key: key)) }
        }
        let authority = setting.clientCA.flatMap { read(resolved($0), &problems) }
        guard problems.isEmpty else { throw TLSProblems(problems) }
        let rules = ServerTLSRules(
            minVersion: setting.minVersion == .v13 ? .v13 : .v12, protocols: protocols, clientAuthority: authority,
            scope: scope.rawValue)
        return try TLSServerContext(certificates, rules: rules, tickets: tickets, loops: loops)
    }

    static func clientContext(
        _ setting: BackendTLSSetting, protocols: ApplicationProtocols, _ resolved: (String) -> String
    ) throws(TLSProblems) -> TLSClientContext {
        var problems: [TLSError] = []
        let authority = setting.ca.flatMap { read(resolved($0), &problems) }
        var certificate: CertificateText?
        if let pair = setting.certificate {
            let chain = read(resolved(pair.chain), &problems)
            let key = read(resolved(pair.key), &problems)
            if let chain, let key { certificate = CertificateText(chain: chain, key: key) }
        }
        guard problems.isEmpty else { throw TLSProblems(problems) }
        let verification: ClientTLSRules.Verification =
            setting.verifies ? authority.map { .authority($0) } ?? .system : .none
        return try TLSClientContext(
            ClientTLSRules(verification: verification, protocols: protocols, certificate: certificate))
    }

    /// Believes nobody: in place of a context whose files are broken.
    static func distrust() -> TLSClientContext {
        do throws(TLSProblems) {
            return try TLSClientContext(ClientTLSRules(verification: .nobody))
        } catch {
            preconditionFailure("a context without files can't be made: \(error)")
        }
    }

    /// What `portico check` says about the files of settings: problems that would keep the front door shut, and
    /// warnings. Paths start where the settings say. `now` in seconds since 1970.
    package static func check(_ settings: Settings, now: Int64) -> (problems: [TLSError], warnings: [String]) {
        var problems: [TLSError] = []
        var warnings: [String] = []
        for listener in settings.listeners {
            guard let tls = listener.tls else { continue }
            do throws(TLSProblems) {
                let context = try serverContext(
                    tls, scope: listener.name, protocols: protocols(of: listener), tickets: TicketKeyRing(),
                    loops: 1, settings.resolved)
                warnings += context.certificates.flatMap { $0.warnings(now: now) } + context.warnings
            } catch {
                problems += error.errors
            }
        }
        for service in settings.services {
            guard let tls = service.tls else { continue }
            do throws(TLSProblems) {
                _ = try clientContext(tls, protocols: protocols(of: service), settings.resolved)
            } catch {
                problems += error.errors
            }
        }
        return (problems, warnings)
    }

    private static func read(_ path: String, _ problems: inout [TLSError]) -> PEMText? {
        do throws(SystemError) {
            return PEMText(path: path, bytes: try Files.read(path, bytesMax: fileBytesMax))
        } catch {
            problems.append(
                TLSError(
                    code: .unreadable, subject: path, cause: error.reason,
                    hint: "name a PEM file that the server's user may read"))
            return nil
        }
    }
}
