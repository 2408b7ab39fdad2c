// PEM files as the caller read them: this module opens no file, so that checks and swaps work on the very same bytes.

/// The content of a file and the name to report it by.
package struct PEMText: Hashable, Sendable {
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// A certificate chain (the server's own first) and the key that belongs to it.
package struct CertificateText: Hashable, Sendable {
    package var chain: PEMText
    package var key: PEMText

    package init(chain: PEMText, key: PEMText) {
        self.chain = chain
        self.key = key
    }
}
