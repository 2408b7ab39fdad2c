// Who answered: so that a script can see that the load is balanced and that a new release has arrived.

import Hummingbird

/// Adds `X-Release`, and `X-Instance` where there is one, to every response, errors among them.
struct SignatureMiddleware<Context: RequestContext>: RouterMiddleware {
    private let fields: HTTPFields

    init(release: DocumentsRelease, instance: String?) {
        var fields: HTTPFields = [.init("X-Release")!: release.rawValue]
        if let instance { fields.append(.init(name: .init("X-Instance")!, value: instance)) }
        self.fields = fields
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers.append(contentsOf: fields)
        return response
    }
}
