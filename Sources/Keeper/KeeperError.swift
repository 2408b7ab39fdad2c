// Why the keeper did not do what it was asked.

/// A refusal or failure of the keeper, or of the way to it.
package struct KeeperError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// The keeper has ended or its socket was closed.
        case lost
        /// No answer within the deadline. The order may have been carried out.
        case deadline
        /// The message is not one the keeper understands, or its values are out of range.
        case illFormed = "ill_formed"
        /// The message is longer than a packet may be.
        case tooLarge = "too_large"
        /// No instance or listener of that name.
        case notFound = "not_found"
        /// The name is taken, or another keeper runs.
        case conflict
        /// A bound was reached: listeners, instances, reserved ports.
        case limit
        /// A system call failed: the reason says which.
        case system
    }

    package var code: Code
    /// A sentence: which step failed, on what, why.
    package var reason: String
    /// The operator's next step.
    package var hint: String?

    package init(code: Code, reason: String, hint: String? = nil) {
        self.code = code
        self.reason = reason
        self.hint = hint
    }

    package var description: String {
        hint.map { "\(reason)\n  hint: \($0)" } ?? reason
    }
}
