// The one place where errors become responses; handlers and other middleware only throw.

import Hummingbird
import Logging

/// Turns every error of what is inside it into a JSON response.
struct ErrorMiddleware<Context: RequestContext>: RouterMiddleware {
    private struct Body: Encodable {
        struct Content: Encodable {
            var code: String
            var message: String
        }

        var error: Content
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let shown = DocumentsError(error)
            if shown.code == DocumentsError.unexpectedCode { context.logger.error("\(request.uri.path): \(error)") }
            let body = Body(error: .init(code: shown.code, message: shown.message))
            var response = try JSONResponse.make(body, status: shown.status)
            response.headers.append(contentsOf: shown.headers)
            return response
        }
    }
}
