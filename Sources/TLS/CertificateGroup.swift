// What OpenSSL's callbacks need to know of a server context. Each `SSL_CTX` keeps its group alive, so that handshakes
// that began with a former context go on safely while that is replaced.

import COpenSSL

/// The certificates of one set of names: one of each kind of key, held by one `SSL_CTX`.
final class CertificateGroup: Sendable {
    let names: ServerNames
    let tickets: TicketKeyRing
    let library: TLSLibrary
    /// For the group that handshakes begin with: how to find the right one. The others have none, so that there is no
    /// cycle of references.
    let chooser: CertificateChooser?

    init(names: ServerNames, tickets: TicketKeyRing, library: TLSLibrary, chooser: CertificateChooser?) {
        self.names = names
        self.tickets = tickets
        self.library = library
        self.chooser = chooser
    }

    /// Where a context keeps its group.
    private static let place = tls_context_place { _, pointer, _, _, _, _ in
        if let pointer { Unmanaged<CertificateGroup>.fromOpaque(pointer).release() }
    }

    /// Gives the group to a context, which keeps it as long as any session uses it.
    func attach(to context: OpaquePointer) {
        let result = SSL_CTX_set_ex_data(context, Self.place, Unmanaged.passRetained(self).toOpaque())
        precondition(result == 1, "OpenSSL is out of memory")
    }

    /// The group of the certificate that was chosen for a session.
    static func of(_ ssl: OpaquePointer?) -> CertificateGroup? {
        guard let pointer = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place) else { return nil }
        return Unmanaged<CertificateGroup>.fromOpaque(pointer).takeUnretainedValue()
    }
}

/// Finds the context for a server name. Number 0 is the one that handshakes begin with.
final class CertificateChooser: Sendable {
    private let names: ServerNames
    // SAFETY: contexts are complete before they get here, counted by OpenSSL, and only read afterwards.
    private nonisolated(unsafe) let others: [OpaquePointer]

    /// Takes over one reference to each of `others`, the contexts from number 1 on.
    init(names: ServerNames, others: [OpaquePointer]) {
        self.names = names
        self.others = others
    }

    deinit {
        for other in others { SSL_CTX_free(other) }
    }

    /// Switches a session in its handshake to the context for `name`; whether there is one.
    func choose(for ssl: OpaquePointer?, _ name: UnsafeRawBufferPointer) -> Bool {
        guard let number = names.number(for: name) else { return false }
        if number > 0 { SSL_set_SSL_CTX(ssl, others[number - 1]) }
        return true
    }
}

/// OpenSSL's callback for a ClientHello, before it looks for the session to go on with: the name decides which context's
/// sessions those may be. An unknown name gets the first certificate, and the client decides what it thinks of it
/// (RFC 6066 §3 allows both that and an alert).
func chooseCertificate(ssl: OpaquePointer?, alert: UnsafeMutablePointer<CInt>?, argument: UnsafeMutableRawPointer?)
    -> CInt
{
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    if SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &bytes, &count) == 1,
        let name = hostName(UnsafeRawBufferPointer(start: bytes, count: count)), let group = CertificateGroup.of(ssl),
        let chooser = group.chooser
    {
        _ = chooser.choose(for: ssl, name)
    }
    return SSL_CLIENT_HELLO_SUCCESS
}

/// The first name of a server name extension: lengths of the list and of the name, and between them the kind. What is
/// malformed has none, and OpenSSL refuses it.
private func hostName(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard bytes.count > 5, bytes[2] == UInt8(TLSEXT_NAMETYPE_host_name) else { return nil }
    let count = Int(bytes[3]) << 8 | Int(bytes[4])
    guard count > 0, count <= bytes.count - 5 else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[5..<5 + count])
}

/// OpenSSL's callback for the server name, once the certificate is chosen: whether the client is told that its name
/// was of use.
func confirmName(ssl: OpaquePointer?, alert: UnsafeMutablePointer<CInt>?, argument: UnsafeMutableRawPointer?) -> CInt {
    guard let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), let group = CertificateGroup.of(ssl),
        group.names.number(for: UnsafeRawBufferPointer(start: name, count: strnlen(name, 256))) != nil
    else { return SSL_TLSEXT_ERR_NOACK }
    return SSL_TLSEXT_ERR_OK
}
