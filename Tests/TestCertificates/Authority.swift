// A certificate authority of a test's own, made with the `openssl` command in a directory that goes away with it.

import Foundation
import TLS

/// Makes certificates. One per test: nothing is shared.
package final class Authority {
    /// Where the files are: `ca.pem`, and `NAME.pem` and `NAME.key` of what was issued.
    package let directory: URL

    package init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("portico-tls-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=test authority", "-days", "30")
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    /// The kind of a key.
    package enum Key: String {
        case ecdsa, rsa

        var arguments: [String] {
            switch self {
            case .ecdsa: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .rsa: ["-newkey", "rsa:2048"]
            }
        }
    }

    /// A certificate for `names`, each a DNS name or an address.
    @discardableResult
    package func issue(_ file: String, _ names: [String], key: Key = .ecdsa, days: Int = 10) throws -> CertificateText {
        let list = names.map { $0.first!.isNumber ? "IP:\($0)" : "DNS:\($0)" }.joined(separator: ",")
        try openssl(
            ["req", "-x509"] + key.arguments + [
                "-nodes", "-keyout", "\(file).key", "-out", "\(file).pem", "-subj", "/CN=\(names[0])", "-days",
                "\(days)", "-addext", "subjectAltName=\(list)", "-CA", "ca.pem", "-CAkey", "ca.key",
            ])
        return CertificateText(chain: try text("\(file).pem"), key: try text("\(file).key"))
    }

    /// The authority's own certificate.
    package var root: PEMText { get throws { try text("ca.pem") } }

    /// A file of the directory.
    package func text(_ file: String) throws -> PEMText {
        let url = directory.appendingPathComponent(file)
        return PEMText(path: file, bytes: [UInt8](try Data(contentsOf: url)))
    }

    /// Runs the command in the directory.
    package func openssl(_ arguments: String...) throws {
        try openssl(arguments)
    }

    func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = directory
        let output = Pipe()
        process.standardError = output
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(text: "openssl \(arguments.joined(separator: " ")): \(String(decoding: text, as: UTF8.self))")
        }
    }

    struct Failure: Error {
        var text: String
    }
}
