// The server's side of TLS for one listener: which versions, which certificate for which name, whose client
// certificates. Made off the event loops; a change of anything is a new context, and sessions keep the one they began
// with.

import COpenSSL

/// What a listener asks of TLS besides its certificates.
package struct ServerTLSRules: Hashable, Sendable {
    package var minVersion: TLSVersion
    package var protocols: ApplicationProtocols
    /// Clients must show a certificate that these authorities have signed.
    package var clientAuthority: PEMText?
    /// Tickets of one scope are not good in another: sessions of a listener that asks for client certificates must not
    /// be begun at one that does not.
    package var scope: String

    package init(
        minVersion: TLSVersion = .v12, protocols: ApplicationProtocols = .http1, clientAuthority: PEMText? = nil,
        scope: String
    ) {
        self.minVersion = minVersion
        self.protocols = protocols
        self.clientAuthority = clientAuthority
        self.scope = scope
    }
}

/// Immutable; used by every worker at once, each with a copy of its own.
package final class TLSServerContext: Sendable {
    /// Alike, each made with a library context of its own.
    // SAFETY: complete when `init` returns, counted by OpenSSL, and only read by sessions afterwards.
    private nonisolated(unsafe) let copies: [OpaquePointer]
    /// In the order given.
    package let certificates: [CertificateFacts]
    /// What is odd but no reason to refuse: wrong order of a chain, a certificate that is never chosen. For their ages
    /// see `CertificateFacts.warnings`.
    package let warnings: [String]

    /// Certificates in all copies together. One takes about 26 KB with its key and context.
    private static let copiedCertificatesMax = 256

    /// The first certificate is the one for clients that send no name, or one that none is for. Certificates for the
    /// same names and with different kinds of keys stand in for each other, as the client can.
    ///
    /// - Parameters:
    ///   - certificates: at least one.
    ///   - tickets: kept by the caller when the context is replaced, so that clients can resume.
    ///   - loops: how many event loops use it.
    package init(
        _ certificates: [CertificateText], rules: ServerTLSRules, tickets: TicketKeyRing, loops: Int = 1
    ) throws(TLSProblems) {
        precondition(!certificates.isEmpty, "a server context has a certificate")
        let libraries = TLSLibrary.apart(min(loops, Self.copiedCertificatesMax / certificates.count))
        var copies: [OpaquePointer] = []
        var assembly = Assembly()
        for library in libraries {
            assembly = Assembly()
            do throws(TLSProblems) {
                copies.append(try assembly.make(certificates, rules, tickets, library))
            } catch {
                for copy in copies { SSL_CTX_free(copy) }
                throw error
            }
        }
        self.copies = copies
        self.certificates = assembly.facts
        warnings = assembly.warnings
    }

    deinit {
        for copy in copies { SSL_CTX_free(copy) }
    }

    /// For the sessions of one event loop.
    func copy(for loop: Int) -> OpaquePointer { copies[loop % copies.count] }

    /// Every name of every certificate.
    package var names: [String] { certificates.flatMap(\.names) }
}

/// One copy of a server context on its way to be complete: an `SSL_CTX` for each set of names.
private struct Assembly {
    var facts: [CertificateFacts] = []
    var warnings: [String] = []
    private var groups: [Group] = []

    private struct Group {
        var names: [String]
        var kinds: Set<Substring>
        var context: OpaquePointer
    }

    /// The context that handshakes begin with; it keeps the others.
    mutating func make(
        _ certificates: [CertificateText], _ rules: ServerTLSRules, _ tickets: TicketKeyRing, _ library: TLSLibrary
    ) throws(TLSProblems) -> OpaquePointer {
        var problems: [TLSError] = []
        for text in certificates {
            do throws(TLSProblems) {
                let pair = try KeyPair(text, library)
                facts.append(pair.facts)
                if let warning = pair.chainWarning { warnings.append(warning) }
                do throws(TLSError) {
                    try add(pair, rules, library)
                } catch {
                    problems.append(error)
                }
            } catch {
                problems += error.errors
            }
        }
        guard problems.isEmpty else {
            for group in groups { SSL_CTX_free(group.context) }
            throw TLSProblems(problems)
        }
        let everyName = groups.enumerated().flatMap { number, group in group.names.map { ($0, number) } }
        let chooser = CertificateChooser(
            names: ServerNames(everyName), others: groups.dropFirst().map(\.context))
        for (number, group) in groups.enumerated() {
            CertificateGroup(
                names: ServerNames(group.names.map { ($0, number) }), tickets: tickets, library: library,
                chooser: number == 0 ? chooser : nil
            ).attach(to: group.context)
        }
        SSL_CTX_set_client_hello_cb(groups[0].context, chooseCertificate, nil)
        tls_on_server_name(groups[0].context, confirmName, nil)
        return groups[0].context
    }

    /// Puts a pair into the group of its names, or into a new one.
    private mutating func add(
        _ pair: borrowing KeyPair, _ rules: ServerTLSRules, _ library: TLSLibrary
    ) throws(TLSError) {
        let names = pair.facts.names.sorted()
        let kind = pair.facts.key.prefix { $0 != " " }
        if let known = groups.firstIndex(where: { $0.names == names }) {
            guard groups[known].kinds.insert(kind).inserted else {
                warnings.append(
                    "\(pair.facts.path): another certificate with the same names and kind of key goes first")
                return
            }
            return try pair.use(in: groups[known].context)
        }
        let context = try Self.makeContext(rules, names, library)
        do throws(TLSError) {
            try pair.use(in: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        groups.append(Group(names: names, kinds: [kind], context: context))
    }

    private static func makeContext(
        _ rules: ServerTLSRules, _ names: [String], _ library: TLSLibrary
    ) throws(TLSError) -> OpaquePointer {
        guard let context = SSL_CTX_new_ex(library.context, nil, TLS_server_method()) else {
            preconditionFailure("OpenSSL is out of memory")
        }
        TLSDefaults.apply(to: context, minVersion: rules.minVersion)
        tls_set_own_chain(context)
        // Sessions live in tickets alone: nothing to share between workers, nothing to fill.
        tls_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_timeout(context, Int(TicketKeyRing.period))
        tls_on_ticket(context, sealOrOpenTicket)
        if rules.protocols != .any {
            // The words of the choice are in the pointer itself, so that nothing has to be kept alive.
            let choice = UnsafeMutableRawPointer(bitPattern: rules.protocols == .http2AndHTTP1 ? 2 : 1)
            SSL_CTX_set_alpn_select_cb(context, chooseProtocol, choice)
        }
        var scope = Array(rules.scope.utf8)
        if let authority = rules.clientAuthority {
            do throws(TLSError) {
                try TLSDefaults.trust(authority, in: context, library, announce: true)
            } catch {
                SSL_CTX_free(context)
                throw error
            }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            scope += authority.bytes
        }
        // A session goes on only with the certificate it began with: RFC 6066 §3 forbids it for another name, and the
        // session would be taken for one of the former name, whose certificate it was.
        for name in names { scope += [0] + Array(name.utf8) }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let result = EVP_Digest(scope, scope.count, &digest, &count, EVP_sha256(), nil)
        precondition(result == 1 && SSL_CTX_set_session_id_context(context, digest, count) == 1)
        return context
    }
}

/// OpenSSL's callback for ALPN: our order, and an alert when nothing is shared (RFC 7301 §3.2).
private func chooseProtocol(
    ssl: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, length: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?, offeredCount: UInt32, choice: UnsafeMutableRawPointer?
) -> CInt {
    guard let chosen, let length, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let protocols = Int(bitPattern: choice) == 2 ? ApplicationProtocols.http2AndHTTP1 : .http1
    let ours = protocols.wire
    var place: UnsafeMutablePointer<UInt8>?
    let result = SSL_select_next_proto(
        &place, length, ours.utf8Start, UInt32(ours.utf8CodeUnitCount), offered, offeredCount)
    guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = UnsafePointer(place)
    return SSL_TLSEXT_ERR_OK
}
