// Why a certificate, a key or an authority can't be used. What goes wrong with single connections is an outcome of the
// session, not an error.

import COpenSSL

/// Something that the operator has to mend, named by file and reason.
package struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The file can't be read.
        case unreadable
        /// No PEM block, or not the kind that was expected, or cut off.
        case malformed
        /// The key does not belong to the certificate.
        case mismatch
        /// The key asks for a pass phrase.
        case encrypted
        /// OpenSSL takes it no more: too short a key, too weak a signature.
        case refused
    }

    package var code: Code
    /// The file.
    package var subject: String
    package var cause: String
    /// The operator's next step.
    package var hint: String

    package init(code: Code, subject: String, cause: String, hint: String) {
        self.code = code
        self.subject = subject
        self.cause = cause
        self.hint = hint
    }

    package var description: String { "\(subject): \(cause)\n  hint: \(hint)" }
}

/// Everything that is wrong with one context, at once.
package struct TLSProblems: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one.
    package var errors: [TLSError]

    package init(_ errors: [TLSError]) {
        self.errors = errors
    }

    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// OpenSSL's errors of this thread.
enum ErrorQueue {
    /// The newest reason, such as `no start line`, and an empty queue.
    static func takeReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return "no reason given" }
        if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
            ERR_error_string_n(code, room.baseAddress!, room.count)
            return String(cString: room.baseAddress!)
        }
    }
}
