// Everything that goes wrong on the admin API leaves as {"code", "message", "hint"} with a fitting status.

import Administration
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Turns thrown errors into JSON.
struct ErrorsAsJSON: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as AdministrationError {
            return try Self.response(Self.status(of: error.code), error)
        } catch let error as any HTTPResponseError {
            return try Self.response(error.status, Self.wording(of: error.status, request: request))
        }
        // Anything else is answered with a bare 500 by the server itself and is our bug.
    }

    private static func status(of code: AdministrationError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .conflict: .conflict
        case .unavailable: .serviceUnavailable
        }
    }

    private static func wording(of status: HTTPResponse.Status, request: Request) -> AdministrationError {
        switch status {
        case .notFound:
            AdministrationError(
                code: .notFound, message: "\(request.method) \(request.uri.path) is not a path of the admin API",
                hint: "try GET /v1/status; `portico --help` lists the commands that use the others")
        case .contentTooLarge:
            AdministrationError(
                code: .invalid, message: "the body is longer than \(AdminServer.Limits.bodyBytesMax) bytes",
                hint: "no order needs more than a few words")
        default:
            AdministrationError(code: .invalid, message: "\(request.method) \(request.uri.path): \(status)")
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ error: AdministrationError) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try AdminJSON.encode(error))))
    }
}
