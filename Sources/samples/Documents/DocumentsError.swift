// Errors as the documents service shows them: JSON, with a code for programs and a sentence for people.

import Foundation
import GRDB
import Hummingbird

/// A request that is not answered as asked. Becomes `{"error": {"code", "message"}}`.
struct DocumentsError: Error, Sendable {
    var status: HTTPResponse.Status
    var code: String
    var message: String
    var headers: HTTPFields

    /// The code of errors nobody foresaw: the only ones whose cause is in the log and not in the answer.
    static let unexpectedCode = "internal"

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// What is said of an error from elsewhere: those that a client caused or can wait out by name, others as 500.
    init(_ error: any Error) {
        switch error {
        case let error as DocumentsError:
            self = error
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            self.init(.contentTooLarge, "too_large", "a body is at most \(DocumentsService.bodyBytesMax) bytes")
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY:
            self.init(.serviceUnavailable, "busy", "other writers were faster; try again", headers: [.retryAfter: "1"])
        case let error as any HTTPResponseError:
            let phrase = error.status.reasonPhrase
            self.init(error.status, phrase.lowercased().replacingOccurrences(of: " ", with: "_"), phrase)
        default:
            self.init(.internalServerError, Self.unexpectedCode, "the request could not be carried out")
        }
    }
}
