// The way back: the head for the client, in the manner of its version.
// For the way to the backend see `HeadRewriter.swift`.

extension HeadRewriter {
    /// Writes the head for the client, always HTTP/1.1 by name (RFC 9110 §2.5), in the manner of the client's version.
    ///
    /// Status and reason kept; hop-by-hop fields left out; `X-Request-Id` set (not on interim responses); framing as
    /// `downstreamFraming`, or the length of a body not sent (HEAD, 304); `Connection: close`, `keep-alive` (HTTP/1.0
    /// clients) or `Upgrade` (101) as needed. Interim heads must not be sent to an HTTP/1.0 client at all.
    package static func writeResponse(
        from bytes: UnsafeRawBufferPointer, head: borrowing ResponseHeadParser, context: ResponseContext,
        into writer: inout ByteWriter
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(bytes, head.statusText)
        // The space behind the code belongs to the line even without a reason (RFC 9112 §4).
        if head.statusText.count == 3 { writer.append(" ") }
        writer.append("\r\n")
        for index in 0..<head.fieldCount {
            let field = head.table.fields[index]
            switch field.role {
            case .contentLength, .transferEncoding, .connection, .upgrade, .requestID, .hopByHop, .nominated, .te,
                .keepAlive:
                continue
            case .trailer:
                guard passesTrailers(of: head, context: context) else { continue }
                writeField(field, from: bytes, into: &writer)
            default:
                writeField(field, from: bytes, into: &writer)
            }
        }
        if !head.isInterim { writeOwnFields(from: bytes, head: head, context: context, into: &writer) }
        writer.append("\r\n")
    }

    /// How the body is framed towards the client: a body without a length is chunked for HTTP/1.1 and ends by closing for
    /// HTTP/1.0, so the proxy must (re-)chunk on `.chunked` and close on `.untilClose`.
    ///
    /// Chunking what came until close keeps the client's connection; that such a body was cut short, nobody can see.
    package static func downstreamFraming(
        of head: borrowing ResponseHeadParser, isHTTP11Client: Bool
    ) -> BodyFraming {
        switch head.framing {
        case .none, .length: head.framing
        case .chunked, .untilClose: isHTTP11Client ? .chunked : .untilClose
        }
    }

    /// Whether trailers of this response go on: the client asked for them (RFC 9110 §6.5.1), and it gets chunks.
    package static func passesTrailers(of head: borrowing ResponseHeadParser, context: ResponseContext) -> Bool {
        context.acceptsTrailers && context.isHTTP11Client && head.forwardsTrailers
    }

    private static func writeOwnFields(
        from bytes: UnsafeRawBufferPointer, head: borrowing ResponseHeadParser, context: ResponseContext,
        into writer: inout ByteWriter
    ) {
        let framing = downstreamFraming(of: head, isHTTP11Client: context.isHTTP11Client)
        writeFraming(framing, into: &writer)
        if let length = head.unsentLength { writeLength(length, into: &writer) }
        writer.append("X-Request-Id: ")
        writer.append(context.requestID)
        writer.append("\r\n")
        if head.isSwitch {
            writeUpgrade(head.table, from: bytes, into: &writer)
        } else if !context.keepAlive || framing == .untilClose {
            writer.append("Connection: close\r\n")
        } else if !context.isHTTP11Client {
            writer.append("Connection: keep-alive\r\n")
        }
    }
}
