// What one listener or one service wears now, and what its files looked like when it was put on.

import Kernel
import Proxy
import Settings
import TLS
import Vocabulary

/// A context made of files. Isolated to `Supervisor`.
struct Worn<Setting: Equatable, Context> {
    var setting: Setting
    /// What its ALPN offers.
    var protocols: ApplicationProtocols
    /// `nil` only in a server that came up while the files were broken: the listener takes no connections then.
    var context: Context?
    var files: FileWatch
    /// Why newer files were kept out; `nil`: the newest ones are in use.
    var problem: String?

    /// Whether it is what `wanted` asks for and its files are those that were read.
    func isGood(for wanted: Setting, _ offered: ApplicationProtocols) -> Bool {
        setting == wanted && protocols == offered && problem == nil && !files.isChanged()
    }
}

/// Tells when files have changed and are complete again: writers change a chain and its key one after the other.
struct FileWatch: Equatable {
    let paths: [String]
    /// As they were when they were read last, whatever came of it.
    private var taken: [FileStamp?]
    /// As they were at the last look.
    private var seen: [FileStamp?]

    init(_ paths: [String]) {
        self.paths = paths
        taken = paths.map { FileStamp($0) }
        seen = taken
    }

    /// Whether the files differ from those read, and have stood still since the last look.
    mutating func look() -> Bool {
        let now = paths.map { FileStamp($0) }
        defer { seen = now }
        return now != taken && now == seen
    }

    /// Whether the files differ from those read, settled or not.
    func isChanged() -> Bool { paths.map { FileStamp($0) } != taken }

    /// The files are about to be read. (What changes meanwhile shows at the next look.)
    mutating func take() {
        taken = paths.map { FileStamp($0) }
        seen = taken
    }
}

/// How long a certificate is still good, in the steps that are worth an event.
enum CertificateAge: Int, Comparable {
    case valid
    /// Fewer than 14 days are left: what renews it has had its time.
    case ending
    case expired

    init(_ facts: CertificateFacts, now: Int64) {
        if now > facts.validUntil {
            self = .expired
        } else {
            self = facts.validUntil - now < 14 * 86_400 ? .ending : .valid
        }
    }

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
