// One TLS connection over memory. It neither waits nor sends: what it needs is in the transport's input, what it says is
// in the transport's output.

import COpenSSL
import Synchronization

/// How far a call came.
package enum TLSProgress: Hashable, Sendable {
    case done
    /// The input is used up and the rest has to come first.
    case wantsInput
    /// The peer said that it will send no more (close_notify).
    case closed
    /// The session is of no more use: `TLSSession.takeFailure`. What the output holds (an alert) may still be sent.
    case failed
}

/// Trivial: the owner calls `free` once. Loop-confined. Every call but `free` and the questions needs the transport that
/// the session was made with, pointed at this connection's bytes.
package struct TLSSession: BitwiseCopyable {
    private let ssl: OpaquePointer

    /// The server's side of a new connection; `nil` when memory is out.
    package init?(_ context: TLSServerContext, _ transport: borrowing TLSTransport) {
        guard let ssl = SSL_new(context.copy(for: transport.loop)) else { return nil }
        self.ssl = ssl
        SSL_set_accept_state(ssl)
        attach(transport)
    }

    /// The client's side of a new connection to a server that shall be `name`: a host name or a numeric address.
    package init?(_ context: TLSClientContext, name: String, _ transport: borrowing TLSTransport) {
        guard let ssl = SSL_new(context.context) else { return nil }
        self.ssl = ssl
        SSL_set_connect_state(ssl)
        attach(transport)
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1
        // RFC 6066 §3: a server name is never an address.
        let isSet = isAddress || name.isEmpty || (tls_set_server_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1)
        guard isSet, !(name.isEmpty && context.isVerifying) else {
            SSL_free(ssl)
            return nil
        }
        ERR_clear_error()
    }

    private func attach(_ transport: borrowing TLSTransport) {
        BIO_up_ref(transport.bio)
        SSL_set_bio(ssl, transport.bio, transport.bio)
    }

    package func free() {
        SSL_free(ssl)
    }

    // MARK: Steps

    /// Goes on with the handshake.
    package func shakeHands() -> TLSProgress {
        Self.progress(tls_handshake(ssl))
    }

    /// Decrypts at most `room.count` bytes, of at most one record; `count` tells how many with `.done`.
    package func read(into room: UnsafeMutableRawBufferPointer, count: inout Int) -> TLSProgress {
        Self.progress(tls_read(ssl, room.baseAddress, room.count, &count))
    }

    /// Encrypts all of `bytes` in records of at most 16 KiB; `false` when the session is of no more use.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            var count = 0
            // The output takes everything, so that less than all is a failure.
            guard SSL_write_ex(ssl, rest.baseAddress, rest.count, &count) == 1 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    /// Says that we will send no more (close_notify, RFC 8446 §6.1). Once; nothing during a handshake.
    package func sayGoodbye() {
        guard SSL_is_init_finished(ssl) == 1, SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
    }

    private static func progress(_ outcome: tls_outcome) -> TLSProgress {
        switch outcome {
        case tls_done: .done
        case tls_wants_input: .wantsInput
        case tls_closed: .closed
        default: .failed
        }
    }

    // MARK: Questions

    /// Whether decrypted bytes wait to be read.
    package var hasPending: Bool { SSL_pending(ssl) > 0 }

    /// `h2` was agreed by ALPN.
    package var isH2: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count == 2 else { return false }
        return name[0] == UInt8(ascii: "h") && name[1] == UInt8(ascii: "2")
    }

    /// The keys came from an earlier session.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// What the client asked for; empty: nothing. Valid as long as the session.
    package var serverName: UnsafeRawBufferPointer {
        guard let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: name, count: strlen(name))
    }

    /// Server: whether the certificate that was chosen for this session is valid for `host`.
    package func covers(_ host: UnsafeRawBufferPointer) -> Bool {
        CertificateGroup.of(ssl)?.names.number(for: host) != nil
    }

    /// `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// Client: tells the context how the handshake went. Once per connection, which costs far more than the lock.
    package func note(failure: String?) {
        FailureNote.of(ssl)?.text.withLock { $0 = failure }
    }

    /// Why the last call failed, for people; empties OpenSSL's queue of errors. Allocates.
    package func takeFailure() -> String {
        let verdict = tls_verify_result(ssl)
        let reason = ErrorQueue.takeReason()
        guard verdict != X509_V_OK, let text = X509_verify_cert_error_string(verdict) else { return reason }
        return "\(reason): \(String(cString: text))"
    }
}
