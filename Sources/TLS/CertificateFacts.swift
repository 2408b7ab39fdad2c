// What people want to know about a certificate that is in use.

import COpenSSL

/// The outside of one certificate. Times are seconds since 1970, UTC.
package struct CertificateFacts: Hashable, Sendable {
    /// Where its chain came from.
    package var path: String
    /// DNS names, lower case, `*.` in front of wildcards; addresses as numbers. The common name when it lists none.
    package var names: [String]
    /// Of its first second.
    package var validFrom: Int64
    /// Of its last second.
    package var validUntil: Int64
    /// SHA-256 over the whole certificate, in lower-case hex.
    package var fingerprint: String
    /// `ECDSA 256`, `RSA 2048`: the kind of key and its bits.
    package var key: String

    init(_ certificate: OpaquePointer, path: String) {
        self.path = path
        names = Self.names(of: certificate)
        validFrom = Self.seconds(X509_get0_notBefore(certificate))
        validUntil = Self.seconds(X509_get0_notAfter(certificate))
        fingerprint = Self.fingerprint(of: certificate)
        key = Self.key(of: certificate)
    }

    /// What is odd about it but does not keep it from being used; `now` in seconds since 1970.
    package func warnings(now: Int64) -> [String] {
        var warnings: [String] = []
        if now > validUntil {
            warnings.append(
                "\(path): the certificate expired \((now - validUntil) / 86_400) days ago; clients refuse it")
        } else if now < validFrom {
            warnings.append("\(path): the certificate is not valid yet; clients refuse it")
        }
        if names.isEmpty { warnings.append("\(path): the certificate names no host") }
        return warnings
    }

    private static func names(of certificate: OpaquePointer) -> [String] {
        var names: [String] = []
        if let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) {
            let list = OpaquePointer(list)
            defer { tls_free_names(list) }
            for index in 0..<tls_name_count(list) {
                guard let name = tls_name(list, index) else { continue }
                var count: CInt = 0
                guard let bytes = tls_name_bytes(name, &count) else { continue }
                let text = UnsafeBufferPointer(start: bytes, count: Int(count))
                if tls_name_is_address(name) != 0 {
                    if let address = addressText(text) { names.append(address) }
                } else {
                    names.append(String(decoding: text, as: UTF8.self).lowercased())
                }
            }
        }
        // RFC 9525 §2 knows no common name any more; it is shown, and helps to choose among old certificates.
        if names.isEmpty, let subject = X509_get_subject_name(certificate) {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
                let count = X509_NAME_get_text_by_NID(subject, NID_commonName, room.baseAddress!, 256)
                if count > 0 { names.append(String(cString: room.baseAddress!).lowercased()) }
            }
        }
        return names
    }

    private static func addressText(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        switch bytes.count {
        case 4: return bytes.map { String($0) }.joined(separator: ".")
        case 16:
            let groups = (0..<8).map { String(UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]), radix: 16) }
            return groups.joined(separator: ":")
        default: return nil
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_TIME_free(epoch) }
        var days: CInt = 0
        var seconds: CInt = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    private static func fingerprint(of certificate: OpaquePointer) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return "" }
        return digest[..<Int(count)].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func key(of certificate: OpaquePointer) -> String {
        guard let key = X509_get0_pubkey(certificate) else { return "unknown" }
        let kind: String
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: kind = "RSA"
        case EVP_PKEY_EC: kind = "ECDSA"
        case EVP_PKEY_ED25519: kind = "Ed25519"
        default: kind = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
        }
        return "\(kind) \(EVP_PKEY_get_bits(key))"
    }
}
