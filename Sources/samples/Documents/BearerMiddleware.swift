// The gate before every write: who may pass is decided before the body is read.

import Hummingbird

/// Lets requests pass that carry the right bearer token (RFC 6750): 401 without one, 403 with a wrong one.
struct BearerMiddleware<Context: RequestContext>: RouterMiddleware {
    let token: String

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let words = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw DocumentsError(
                .unauthorized, "no_token", "this needs `Authorization: Bearer TOKEN`",
                headers: [.wwwAuthenticate: "Bearer realm=\"documents\""])
        }
        guard Self.isEqual(words[1], token) else {
            throw DocumentsError(.forbidden, "wrong_token", "the token is not the right one")
        }
        return try await next(request, context)
    }

    /// Compares without stopping at the first difference, so that timing does not tell how much of a guess was right.
    private static func isEqual(_ given: Substring, _ right: String) -> Bool {
        let (given, right) = (Array(given.utf8), Array(right.utf8))
        guard given.count == right.count else { return false }
        return zip(given, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
