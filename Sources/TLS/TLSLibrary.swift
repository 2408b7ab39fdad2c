// OpenSSL's own state, once for each event loop. A handshake looks dozens of algorithms up in a "library context", under
// locks and with counted references; when all threads share one, they fight over it: with two of them a handshake costs
// 8 % more CPU (OpenSSL 3.0.22, 2 cores), and more with every further one.

import COpenSSL
import Synchronization

/// A library context and what is looked up in it ahead of time. Lives as long as the process.
struct TLSLibrary: Sendable {
    // SAFETY: OpenSSL locks what is in it; `nil` is the one that everybody shares.
    nonisolated(unsafe) let context: OpaquePointer?
    // SAFETY: immutable after its creation and counted by OpenSSL itself.
    nonisolated(unsafe) let ticketCipher: OpaquePointer?

    private init(_ context: OpaquePointer?) {
        self.context = context
        ticketCipher = EVP_CIPHER_fetch(context, "AES-256-CBC", nil)
    }

    /// The one of the process, for whoever has no event loop.
    static let shared = TLSLibrary(nil)

    private static let separate = Mutex<[TLSLibrary]>([])

    /// As many as event loops need to keep out of each other's way, at most `count`: the same ones at every call.
    /// Where the system's configuration of OpenSSL asks for other algorithms than the usual (FIPS), all share one, as only
    /// that one has them.
    static func apart(_ count: Int) -> [TLSLibrary] {
        guard count > 1, tls_has_usual_algorithms() == 1 else { return [shared] }
        return separate.withLock { made in
            while made.count < count {
                guard let context = OSSL_LIB_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
                made.append(TLSLibrary(context))
            }
            return Array(made[..<count])
        }
    }
}
