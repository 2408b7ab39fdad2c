// From PEM text to OpenSSL's objects, with errors that name the file and what is wrong with it.

import COpenSSL

/// A certificate chain and its key, read and found to belong together. Owns what it points at.
struct KeyPair: ~Copyable {
    let certificate: OpaquePointer
    /// The intermediate certificates, in the order of the file.
    let chain: [OpaquePointer]
    let key: OpaquePointer
    let facts: CertificateFacts

    init(_ text: CertificateText, _ library: TLSLibrary) throws(TLSProblems) {
        var problems: [TLSError] = []
        var certificates: [OpaquePointer] = []
        var privateKey: OpaquePointer?
        do throws(TLSError) {
            certificates = try PEM.certificates(text.chain, library)
        } catch {
            problems.append(error)
        }
        do throws(TLSError) {
            privateKey = try PEM.privateKey(text.key, library)
        } catch {
            problems.append(error)
        }
        if problems.isEmpty, let first = certificates.first, let privateKey,
            X509_check_private_key(first, privateKey) != 1
        {
            ERR_clear_error()
            problems.append(
                TLSError(
                    code: .mismatch, subject: text.key.path,
                    cause: "the key does not belong to the first certificate in \(text.chain.path)",
                    hint: "the server's own certificate comes first in the chain; is it the key it was made with?"))
        }
        guard problems.isEmpty, let privateKey else {
            for certificate in certificates { X509_free(certificate) }
            if let privateKey { EVP_PKEY_free(privateKey) }
            throw TLSProblems(problems)
        }
        certificate = certificates[0]
        chain = Array(certificates.dropFirst())
        key = privateKey
        facts = CertificateFacts(certificates[0], path: text.chain.path)
    }

    deinit {
        X509_free(certificate)
        for link in chain { X509_free(link) }
        EVP_PKEY_free(key)
    }

    /// What is odd about the order of the chain: each certificate should be signed by the one behind it.
    var chainWarning: String? {
        var subject = certificate
        for (index, issuer) in chain.enumerated() {
            guard X509_check_issued(issuer, subject) == X509_V_OK else {
                ERR_clear_error()
                return
                    "\(facts.path): certificate \(index + 2) did not sign the one before it; some clients refuse that"
            }
            subject = issuer
        }
        return nil
    }

    /// Puts it into a context, beside pairs with another kind of key.
    func use(in context: OpaquePointer) throws(TLSError) {
        guard SSL_CTX_use_certificate(context, certificate) == 1, SSL_CTX_use_PrivateKey(context, key) == 1 else {
            throw TLSError(
                code: .refused, subject: facts.path, cause: ErrorQueue.takeReason(),
                hint: "make a key of at least 2048 bits (RSA) or 256 bits (ECDSA)")
        }
        // Belongs to the certificate used last.
        _ = tls_clear_chain_certificates(context)
        for link in chain where tls_add_chain_certificate(context, link) != 1 {
            throw TLSError(
                code: .refused, subject: facts.path, cause: ErrorQueue.takeReason(),
                hint: "an intermediate certificate is too weak")
        }
    }
}

/// Readers of PEM text.
enum PEM {
    /// Every certificate in the text, at least one. To be freed by the caller.
    static func certificates(_ text: PEMText, _ library: TLSLibrary) throws(TLSError) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        let isClean = withMemory(text) { bio in
            while let certificate = tls_read_certificate(bio, library.context) { found.append(certificate) }
            // The end is told as an error, `no start line`; anything else is one.
            let code = ERR_peek_last_error()
            return tls_reason(code) == PEM_R_NO_START_LINE && tls_library(code) == CInt(ERR_LIB_PEM)
        }
        let reason = ErrorQueue.takeReason()
        guard isClean, !found.isEmpty else {
            for certificate in found { X509_free(certificate) }
            throw TLSError(
                code: .malformed, subject: text.path,
                cause: isClean ? "it holds no PEM certificate" : "certificate \(found.count + 1) is broken: \(reason)",
                hint: "expected `-----BEGIN CERTIFICATE-----` blocks, the server's own first")
        }
        return found
    }

    /// The private key in the text. To be freed by the caller.
    static func privateKey(_ text: PEMText, _ library: TLSLibrary) throws(TLSError) -> OpaquePointer {
        var isAsked = false
        let key = withMemory(text) { bio in
            withUnsafeMutablePointer(to: &isAsked) { asked in
                PEM_read_bio_PrivateKey_ex(
                    bio, nil,
                    { _, _, _, asked in
                        asked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    }, asked, library.context, nil)
            }
        }
        let reason = ErrorQueue.takeReason()
        if let key { return key }
        if isAsked {
            throw TLSError(
                code: .encrypted, subject: text.path, cause: "the key is protected by a pass phrase",
                hint: "`openssl pkey -in \(text.path) -out plain.key` takes it off; let only the server read the file")
        }
        throw TLSError(
            code: .malformed, subject: text.path, cause: "it holds no usable PEM private key: \(reason)",
            hint: "expected one `-----BEGIN PRIVATE KEY-----` block")
    }

    private static func withMemory<Result>(_ text: PEMText, _ body: (OpaquePointer?) -> Result) -> Result {
        ERR_clear_error()
        return text.bytes.withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count))
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}
