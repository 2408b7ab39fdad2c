// What both sides have in common: versions, ciphers, modes.

import COpenSSL

enum TLSDefaults {
    /// Forward secret and authenticated only (Mozilla's "intermediate"), AES-128 first as browsers have it; a client
    /// that prefers ChaCha20 (no AES instructions) gets it.
    private static let ciphers12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    static func apply(to context: OpaquePointer, minVersion: TLSVersion) {
        let isSet =
            tls_set_min_version(context, minVersion.number) == 1
            && SSL_CTX_set_cipher_list(context, ciphers12) == 1 && SSL_CTX_set_ciphersuites(context, ciphers13) == 1
            && tls_set_groups(context, "X25519:P-256:P-384") == 1
        precondition(isSet, "OpenSSL refuses our own constants: \(ErrorQueue.takeReason())")
        SSL_CTX_set_options(context, tls_options())
        tls_set_mode(context)
    }

    /// Makes `authority` the only one that is believed; with `announce`, clients are told whose certificates we want.
    static func trust(
        _ authority: PEMText, in context: OpaquePointer, _ library: TLSLibrary, announce: Bool
    ) throws(TLSError) {
        let certificates = try PEM.certificates(authority, library)
        let store = tls_store(context)
        for certificate in certificates {
            X509_STORE_add_cert(store, certificate)
            if announce { tls_set_client_authorities(context, certificate) }
            X509_free(certificate)
        }
        ERR_clear_error()
    }
}
