// TLS of listeners and services.

import Vocabulary

extension DocumentReader {
    /// `nil` when it is left out or wrong, which is reported.
    func listenerTLS(_ listener: Fields) -> ListenerTLSSetting? {
        guard let tls = listener.object("tls") else { return nil }
        var setting = ListenerTLSSetting(certificates: [])
        tls.choice("min_version", into: &setting.minVersion)
        setting.clientCA = tls.text("client_ca", Grammar.filePath)
        if !tls.has("certificates") {
            tls.reportMissing("certificates", hint: "write `certificates: [{ chain: site.pem, key: site.key }]`")
            return nil
        }
        let items = items("certificates", Catalogue.certificate, in: tls)
        if items.isEmpty, let entry = tls.entry("certificates"), case .list = entry.value.content {
            tls.report(
                Complaint(
                    "`certificates` has nothing in it",
                    hint: "write `certificates: [{ chain: site.pem, key: site.key }]`"),
                key: "certificates")
        }
        setting.certificates = items.compactMap { certificate($0.fields) }
        return setting
    }

    /// `nil` when it is left out or wrong, which is reported.
    func backendTLS(_ service: Fields) -> BackendTLSSetting? {
        guard let tls = service.object("tls") else { return nil }
        var setting = BackendTLSSetting()
        tls.text("verify", into: &setting.verifies, Grammar.boolean)
        setting.ca = tls.text("ca", Grammar.filePath)
        setting.name = tls.text("name", Grammar.serverName)
        setting.certificate = tls.object("certificate").flatMap(certificate)
        if !setting.verifies {
            tls.refuse(["ca"], "has no meaning with `verify: false`")
        }
        return setting
    }

    private func certificate(_ fields: Fields) -> CertificateSetting? {
        for key in ["chain", "key"] where !fields.has(key) { fields.reportMissing(key) }
        guard let chain = fields.text("chain", Grammar.filePath), let key = fields.text("key", Grammar.filePath) else {
            return nil
        }
        return CertificateSetting(chain: chain, key: key)
    }
}
