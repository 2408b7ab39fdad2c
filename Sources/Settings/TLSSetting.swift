// TLS of a listener and of the connections to a service's backends: which files and which rules. Whether the files are
// any good is found out where they are read.

/// A certificate chain and its key, as paths; see `Settings.resolved`.
package struct CertificateSetting: Hashable, Sendable {
    /// PEM: the server's own certificate, then those between it and the authority.
    package var chain: String
    /// PEM, without a pass phrase.
    package var key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

/// `tls` of a listener.
package struct ListenerTLSSetting: Hashable, Sendable {
    package enum Version: String, Hashable, Sendable, CaseIterable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    /// At least one. The first is for clients whose name none is for.
    package var certificates: [CertificateSetting]
    package var minVersion: Version
    /// Clients must show a certificate signed by one of these authorities; `nil`: clients show none.
    package var clientCA: String?

    package init(
        certificates: [CertificateSetting], minVersion: Version = Defaults.tlsMinVersion, clientCA: String? = nil
    ) {
        self.certificates = certificates
        self.minVersion = minVersion
        self.clientCA = clientCA
    }
}

/// `tls` of a service: how connections to its backends are made.
package struct BackendTLSSetting: Hashable, Sendable {
    /// Whether the backend's certificate must be signed by an authority we believe and name the backend.
    package var verifies: Bool
    /// The authorities to believe; `nil`: those of the system.
    package var ca: String?
    /// The name to ask for and to find in the certificate; `nil`: the host of the backend's address.
    package var name: String?
    /// Shown to backends that ask for one.
    package var certificate: CertificateSetting?

    package init(
        verifies: Bool = Defaults.backendVerification, ca: String? = nil, name: String? = nil,
        certificate: CertificateSetting? = nil
    ) {
        self.verifies = verifies
        self.ca = ca
        self.name = name
        self.certificate = certificate
    }
}
