// How a request ended, as the client saw it.

/// How one request ended.
package enum Outcome: UInt8, Sendable, CaseIterable, Codable {
    /// Answered completely and as expected.
    case ok
    /// Answered completely, with a status that is not expected.
    case badStatus
    /// Answered with an expected status and other content: a header or the body is not as expected.
    case mismatch
    /// The connection was refused.
    case refused
    /// The connection was reset before the answer was complete.
    case reset
    /// The connection was closed before any byte of an answer.
    case eof
    /// The connection was closed within the answer.
    case truncated
    /// Not answered in time.
    case timeout
    /// What came was not HTTP.
    case malformed
    /// Never put on the wire: the driver could not connect for another reason, or was stopped.
    case notSent

    /// As in reports.
    package var label: String {
        switch self {
        case .ok: "ok"
        case .badStatus: "bad_status"
        case .mismatch: "mismatch"
        case .refused: "refused"
        case .reset: "reset"
        case .eof: "eof"
        case .truncated: "truncated"
        case .timeout: "timeout"
        case .malformed: "malformed"
        case .notSent: "not_sent"
        }
    }
}
