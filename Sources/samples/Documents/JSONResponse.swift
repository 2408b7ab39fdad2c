// JSON on its way out: with a length, and the same bytes for the same value.

import Foundation
import Hummingbird

/// Makes JSON responses, the same bytes for the same value.
enum JSONResponse {
    static func make(_ value: some Encodable, status: HTTPResponse.Status) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(value)
        let headers: HTTPFields = [.contentType: "application/json", .contentLength: String(bytes.count)]
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
