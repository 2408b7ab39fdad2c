// The paths of the admin API: which order each one is, what it reads and what it answers.
//
//   GET  /v1/status                               StatusReport
//   GET  /v1/events?count=N                       [EventReport], oldest first
//   POST /v1/services/{s}/scale                   {"min", "max"} → ServiceReport
//   POST /v1/services/{s}/rollouts                {"release", "strategy"?} → RolloutReport
//   GET  /v1/services/{s}/rollouts                [RolloutReport], newest last
//   GET  /v1/services/{s}/rollout                 RolloutReport or null
//   POST /v1/services/{s}/rollout/pause|resume|undo   → RolloutReport
//   POST /v1/reload                               ReloadReport
//   POST /v1/stop                                 {}
//   GET  /metrics                                 Prometheus text
// An error is `AdministrationError` as JSON: {"code", "message", "hint"}.

import Administration
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Telemetry
import Vocabulary

/// The router over one administrator.
struct AdminRoutes: Sendable {
    let administrator: any Administrator

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: ErrorsAsJSON())
        addReports(to: router)
        addOrders(to: router)
        addRollouts(to: router)
        return router
    }

    private func addReports(to router: Router<BasicRequestContext>) {
        router.get("v1/status") { _, _ in try Self.json(await administrator.status()) }
        router.get("v1/events") { request, _ in
            try Self.json(await administrator.events(count: Self.count(in: request)))
        }
        router.get("metrics") { _, _ in
            let text = PrometheusText.exposition(of: await administrator.status())
            return Response(
                status: .ok, headers: [.contentType: PrometheusText.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    private func addOrders(to router: Router<BasicRequestContext>) {
        router.post("v1/services/{service}/scale") { request, context in
            let service = try await service(context)
            let order = try await Self.body(ScaleOrder.self, of: request, known: ["min": "2", "max": "8"])
            guard order.min >= 0, order.min <= order.max else {
                throw AdministrationError(
                    code: .invalid, message: "\(order.min)..\(order.max) is not a range of instances",
                    hint: "the smaller number comes first, and neither is negative")
            }
            return try Self.json(await administrator.scale(order, service: service))
        }
        router.post("v1/reload") { request, _ in
            try await Self.requireNoBody(request)
            return try Self.json(await administrator.reload())
        }
        router.post("v1/stop") { request, _ in
            try await Self.requireNoBody(request)
            await administrator.stop()
            return Self.response(.accepted, Data("{}".utf8))
        }
    }

    private func addRollouts(to router: Router<BasicRequestContext>) {
        router.post("v1/services/{service}/rollouts") { request, context in
            let service = try await service(context)
            let known: KeyValuePairs = ["release": "\"v2\"", "strategy": "\"rolling\""]
            let body = try await Self.body(RolloutBody.self, of: request, known: known)
            let order = RolloutOrder(release: body.release, strategy: body.strategy ?? "rolling")
            return try Self.json(await administrator.startRollout(order, service: service))
        }
        router.get("v1/services/{service}/rollouts") { _, context in
            try Self.json(await administrator.rolloutHistory(service: service(context)))
        }
        router.get("v1/services/{service}/rollout") { _, context in
            try Self.json(await administrator.rollout(service: service(context)))
        }
        router.post("v1/services/{service}/rollout/pause") { request, context in
            try await Self.requireNoBody(request)
            return try Self.json(await administrator.pauseRollout(service: service(context)))
        }
        router.post("v1/services/{service}/rollout/resume") { request, context in
            try await Self.requireNoBody(request)
            return try Self.json(await administrator.resumeRollout(service: service(context)))
        }
        router.post("v1/services/{service}/rollout/undo") { request, context in
            try await Self.requireNoBody(request)
            return try Self.json(await administrator.undoRollout(service: service(context)))
        }
    }

    /// `RolloutOrder` as it is sent: the strategy may be left out.
    private struct RolloutBody: Decodable {
        var release: String
        var strategy: String?
    }

    /// The service in the path, if there is one of that name.
    private func service(_ context: BasicRequestContext) async throws -> ServiceName {
        let name = try context.parameters.require("service")
        let known = await administrator.status().services.map(\.name)
        guard known.contains(name) else { throw UnknownService.error(name, among: known) }
        return ServiceName(name)
    }

    private static func count(in request: Request) throws(AdministrationError) -> Int {
        guard let text = request.uri.queryParameters["count"] else { return 100 }
        guard let count = Int(text), count >= 0, count <= AdminServer.Limits.eventsMax else {
            throw AdministrationError(
                code: .invalid, message: "count=\(text) is not a number from 0 to \(AdminServer.Limits.eventsMax)",
                hint: "ask like /v1/events?count=100")
        }
        return count
    }

    private static func body<Value: Decodable>(
        _ type: Value.Type, of request: Request, known: KeyValuePairs<String, String>
    ) async throws -> Value {
        let buffer = try await request.body.collect(upTo: AdminServer.Limits.bodyBytesMax)
        return try StrictBody.read(type, from: Data(buffer.readableBytesView), known: known)
    }

    /// An order without parameters: an empty body or an empty object.
    private static func requireNoBody(_ request: Request) async throws {
        let buffer = try await request.body.collect(upTo: AdminServer.Limits.bodyBytesMax)
        guard buffer.readableBytes > 0 else { return }
        _ = try StrictBody.read(NoKeys.self, from: Data(buffer.readableBytesView), known: [:])
    }

    private struct NoKeys: Decodable {}

    private static func json(_ value: some Encodable) throws -> Response {
        try response(.ok, AdminJSON.encode(value))
    }

    private static func response(_ status: HTTPResponse.Status, _ json: Data) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }
}
