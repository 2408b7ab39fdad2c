// The client's side of TLS for the backends of one service: whom to believe and what to speak.

import COpenSSL
import Synchronization

/// What a service asks of TLS to its backends.
package struct ClientTLSRules: Hashable, Sendable {
    /// Whom to believe.
    package enum Verification: Hashable, Sendable {
        /// The authorities of the system.
        case system
        /// These and no others.
        case authority(PEMText)
        /// Nobody: every handshake fails. For a service whose authorities can't be read: better no request than one to
        /// just anybody.
        case nobody
        /// Anybody: encrypted, but not safe from somebody in between.
        case none
    }

    package var verification: Verification
    package var protocols: ApplicationProtocols
    /// Shown to backends that ask for one.
    package var certificate: CertificateText?

    package init(
        verification: Verification = .system, protocols: ApplicationProtocols = .http1,
        certificate: CertificateText? = nil
    ) {
        self.verification = verification
        self.protocols = protocols
        self.certificate = certificate
    }
}

/// Immutable but for the last failure; used by every worker at once.
package final class TLSClientContext: Sendable {
    // SAFETY: complete when `init` returns, counted by OpenSSL, and only read by sessions afterwards.
    nonisolated(unsafe) let context: OpaquePointer
    let isVerifying: Bool
    private let failure = FailureNote()

    /// Reads the system's authorities from disk, if they are asked for.
    package init(_ rules: ClientTLSRules) throws(TLSProblems) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { preconditionFailure("OpenSSL is out of memory") }
        self.context = context
        failure.attach(to: context)
        isVerifying = rules.verification != .none
        TLSDefaults.apply(to: context, minVersion: .v12)
        tls_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        if isVerifying { SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil) }
        let offer = rules.protocols.wire
        if rules.protocols != .any {
            let result = SSL_CTX_set_alpn_protos(context, offer.utf8Start, UInt32(offer.utf8CodeUnitCount))
            precondition(result == 0, "OpenSSL is out of memory")
        }
        do throws(TLSError) {
            switch rules.verification {
            case .none, .nobody: break
            case .authority(let text): try TLSDefaults.trust(text, in: context, .shared, announce: false)
            case .system:
                guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                    throw TLSError(
                        code: .unreadable, subject: "the system's certificate authorities",
                        cause: ErrorQueue.takeReason(), hint: "install `ca-certificates`, or name a `ca` file")
                }
            }
        } catch {
            throw TLSProblems([error])
        }
        if let certificate = rules.certificate {
            let pair = try KeyPair(certificate, .shared)
            do throws(TLSError) { try pair.use(in: context) } catch { throw TLSProblems([error]) }
        }
    }

    deinit {
        SSL_CTX_free(context)
    }

    /// Why the newest handshake that failed did so; `nil` after one that went well.
    package var lastFailure: String? { failure.text.withLock { $0 } }
}

/// Kept by the context like a `CertificateGroup`, because sessions may outlive the object around the context.
final class FailureNote: Sendable {
    let text = Mutex<String?>(nil)

    private static let place = tls_context_place { _, pointer, _, _, _, _ in
        if let pointer { Unmanaged<FailureNote>.fromOpaque(pointer).release() }
    }

    func attach(to context: OpaquePointer) {
        let result = SSL_CTX_set_ex_data(context, Self.place, Unmanaged.passRetained(self).toOpaque())
        precondition(result == 1, "OpenSSL is out of memory")
    }

    static func of(_ ssl: OpaquePointer) -> FailureNote? {
        guard let pointer = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place) else { return nil }
        return Unmanaged<FailureNote>.fromOpaque(pointer).takeUnretainedValue()
    }
}
