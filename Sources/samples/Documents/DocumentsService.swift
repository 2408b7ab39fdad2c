// The HTTP face of the documents: which request does what and with which status.
// Not for authorisation (`BearerMiddleware`) or the shape of errors (`DocumentsError`).

import Foundation
import Hummingbird

/// The routes of the documents service.
struct DocumentsService: Sendable {
    let store: DocumentStore
    let release: DocumentsRelease
    /// Named in `X-Instance` of every response, so that a client can see who answered; `nil` outside a balancer.
    let instance: String?
    let token: String

    /// The largest request body; a longer one is answered 413.
    static let bodyBytesMax = 256 * 1024

    func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: SignatureMiddleware(release: release, instance: instance))
        router.add(middleware: ErrorMiddleware())
        router.get("health") { _, _ in try await health() }
        router.get("json/:id") { _, context in try await read(context) }
        let writers = router.group().add(middleware: BearerMiddleware(token: token))
        writers.post("json") { request, _ in try await create(request) }
        writers.put("json/:id") { request, context in try await replace(request, context) }
        writers.delete("json/:id") { _, context in try await delete(context) }
        refuseOtherMethods(on: router)
        return router
    }

    private func health() async throws -> Response {
        guard release != .neverReady else {
            throw DocumentsError(.serviceUnavailable, "not_ready", "release \(release.rawValue) is never ready")
        }
        try await store.check()
        return try Self.json(["status": "ok", "release": release.rawValue])
    }

    private func read(_ context: BasicRequestContext) async throws -> Response {
        let id = try identifier(context)
        guard let document = try await store.document(id) else { throw Self.notFound(id) }
        return try Self.json(document)
    }

    private func create(_ request: Request) async throws -> Response {
        let creation: DocumentCreation = try await Self.body(of: request)
        let id = try checked(creation.id)
        guard let document = try await store.create(id, data: creation.data) else {
            throw DocumentsError(.conflict, "exists", "there is a document \(id.text) already; PUT replaces it")
        }
        return try Self.json(document, status: .created, location: id)
    }

    private func replace(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let id = try identifier(context)
        let replacement: DocumentReplacement = try await Self.body(of: request)
        guard replacement.id == nil || replacement.id == id.text else {
            throw DocumentsError(.badRequest, "wrong_id", "the id in the body is not the one in the path")
        }
        let (document, isNew) = try await store.replace(id, data: replacement.data)
        return try Self.json(document, status: isNew ? .created : .ok, location: isNew ? id : nil)
    }

    private func delete(_ context: BasicRequestContext) async throws -> Response {
        let id = try identifier(context)
        guard try await store.delete(id) else { throw Self.notFound(id) }
        return Response(status: .noContent)
    }

    /// Hummingbird answers 404 to a known path with another method; RFC 9110 §15.5.6 wants 405 and `Allow`.
    private func refuseOtherMethods(on router: Router<BasicRequestContext>) {
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
        let allowed: [(RouterPath, [HTTPRequest.Method])] = [
            ("health", [.get, .head]), ("json", [.post]), ("json/:id", [.get, .head, .put, .delete]),
        ]
        for (path, known) in allowed {
            let list = known.map(\.rawValue).joined(separator: ", ")
            for method in methods where !known.contains(method) {
                router.on(path, method: method) { _, _ -> Response in
                    throw DocumentsError(
                        .methodNotAllowed, "method_not_allowed", "allowed here: \(list)", headers: [.allow: list])
                }
            }
        }
    }

    /// The id in the path; the broken release fails here, past its health check.
    private func identifier(_ context: BasicRequestContext) throws -> DocumentID {
        try checked(context.parameters.require("id"))
    }

    private func checked(_ text: String) throws -> DocumentID {
        guard release != .broken500 else {
            throw DocumentsError(.internalServerError, "broken", "release \(release.rawValue) fails every request")
        }
        guard let id = DocumentID(text) else {
            throw DocumentsError(.badRequest, "bad_id", "an id is 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
        }
        return id
    }

    private static func notFound(_ id: DocumentID) -> DocumentsError {
        DocumentsError(.notFound, "not_found", "there is no document \(id.text)")
    }

    private static func body<Body: Decodable>(of request: Request) async throws -> Body {
        if let type = request.headers[.contentType], !type.lowercased().hasPrefix("application/json") {
            throw DocumentsError(.unsupportedMediaType, "not_json", "the body must be application/json")
        }
        let buffer = try await request.body.collect(upTo: bodyBytesMax)
        do {
            return try JSONDecoder().decode(Body.self, from: Data(buffer.readableBytesView))
        } catch {
            throw DocumentsError(.badRequest, "bad_json", "the body must be a JSON object with id and data")
        }
    }

    private static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, location: DocumentID? = nil
    ) throws -> Response {
        var response = try JSONResponse.make(value, status: status)
        if let location { response.headers[.location] = "/json/\(location.text)" }
        return response
    }
}
