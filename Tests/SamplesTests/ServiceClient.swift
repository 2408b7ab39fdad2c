// Asks the documents service in memory: no socket, no port.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded

@testable import samples

/// A documents service on a file of its own, and the way to ask it.
struct ServiceClient {
    static let token = "a-token"

    private let responder: RouterResponder<BasicRequestContext>

    init(_ release: DocumentsRelease, in directory: TemporaryDirectory, instance: String? = nil) async throws {
        let store = try await DocumentStore(path: directory.databasePath, release: release)
        let service = DocumentsService(store: store, release: release, instance: instance, token: Self.token)
        responder = service.router().buildResponder()
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var text: String

        /// The members of the answer's JSON object, as text.
        func member(_ name: String) throws -> String? {
            let object = try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
            guard let value = object[name] else { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        }
    }

    /// Sends one request; `token` is what `Authorization: Bearer` carries, `nil` leaves the header out.
    func send(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, type: String? = nil, body: String = ""
    ) async throws -> Answer {
        var head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path)
        if let token { head.headerFields[.authorization] = "Bearer \(token)" }
        if let type { head.headerFields[.contentType] = type }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let source = ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: Logger(label: "test"))
        let response = try await responder.respond(to: request, context: BasicRequestContext(source: source))
        let collector = Collector()
        try await response.body.write(Writer(collector: collector))
        return Answer(status: response.status.code, headers: response.headers, text: collector.text)
    }

    private final class Collector {
        var text = ""
    }

    private struct Writer: ResponseBodyWriter {
        let collector: Collector

        mutating func write(_ buffer: ByteBuffer) async throws {
            collector.text += String(buffer: buffer)
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
