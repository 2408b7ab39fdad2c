// Heads on their way out: from the text of HTTP/1.1 to the fields of HEADERS (RFC 9113 §8.2, §8.3). Names become lower
// case in libnghttp2, which copies everything; fields of the connection stay here.

import CNghttp2
import HTTPWire

extension Multiplexer {
    /// A head of our own making: bounded by the buffer it was built in.
    private static var limits: HeadLimits { HeadLimits(bytesMax: 1 << 20, fieldsMax: HTTP2Limits.fieldsMax - 8) }

    /// Submits a response head; returns its length, `nil` when it makes no sense.
    func submitResponse(_ session: SessionPointer, _ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) -> Int? {
        let isTunnel = stream.pointee.flags.contains(.isTunnel)
        let outcome = core.pointee.responseParser.parse(
            bytes, answering: stream.pointee.flags.contains(.isHead) ? .head : .get, isUpgrade: isTunnel,
            within: Self.limits)
        guard case .complete(let length) = outcome else { return nil }
        var count = 0
        let isSwitch = core.pointee.responseParser.isSwitch
        if isSwitch {
            let ok: StaticString = "200"
            add(":status", UnsafeRawBufferPointer(start: ok.utf8Start, count: 3), &count)
        } else {
            let status = core.pointee.responseParser.statusText.lowerBound
            add(":status", UnsafeRawBufferPointer(rebasing: bytes[status..<status + 3]), &count)
        }
        for index in 0..<core.pointee.responseParser.fieldCount {
            let field = core.pointee.responseParser.field(index)
            switch field.role {
            case .connection, .transferEncoding, .upgrade, .hopByHop, .nominated, .te, .keepAlive: continue
            case .contentLength where isGRPCEnd(bytes, field): continue
            // This and the key belong to HTTP/1.1 (RFC 8441 §5).
            case .endToEnd where isSwitch && field.isCalled("sec-websocket-accept", in: bytes): continue
            default: add(bytes, field, &count)
            }
        }
        let library = session.pointee.library
        let id = stream.pointee.id
        if core.pointee.responseParser.isInterim {
            let result = nghttp2_submit_headers(
                library, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, core.pointee.fields, count, nil)
            return result == 0 ? length : nil
        }
        let hasBody = begin(stream, isSwitch: isSwitch, framing: core.pointee.responseParser.framing)
        var source = Self.source(stream)
        let result =
            hasBody
            ? nghttp2_submit_response(library, id, core.pointee.fields, count, &source)
            : nghttp2_submit_response(library, id, core.pointee.fields, count, nil)
        return result == 0 ? length : nil
    }

    /// Submits a request head; returns its length, `nil` when it makes no sense.
    func submitRequest(_ session: SessionPointer, _ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let length = readRequest(bytes) else { return nil }
        var count = 0
        let isTunnel = asksForTunnel(stream, bytes)
        if core.pointee.requestParser.acceptsTrailers { stream.pointee.flags.insert(.takesTrailers) }
        if core.pointee.requestParser.method == .head { stream.pointee.flags.insert(.isHead) }
        if isTunnel {
            guard takesTunnels(session) else {
                if session.pointee.isGreeted { stream.pointee.flags.insert(.lacksTunnels) }
                return nil
            }
            stream.pointee.flags.insert(.isTunnel)
            add(":method", "CONNECT", &count)
            add(":protocol", "websocket", &count)
        } else {
            add(":method", UnsafeRawBufferPointer(rebasing: bytes[core.pointee.requestParser.methodRange]), &count)
        }
        add(":path", UnsafeRawBufferPointer(rebasing: bytes[core.pointee.requestParser.target]), &count)
        add(":scheme", session.pointee.flags.contains(.isSecure) ? "https" : "http", &count)
        if let host = core.pointee.requestParser.host {
            add(":authority", UnsafeRawBufferPointer(rebasing: bytes[host]), &count)
        }
        for index in 0..<core.pointee.requestParser.fieldCount {
            let field = core.pointee.requestParser.field(index)
            switch field.role {
            case .host, .connection, .transferEncoding, .upgrade, .hopByHop, .nominated, .keepAlive: continue
            case .endToEnd where isTunnel && field.isCalled("sec-websocket-key", in: bytes): continue
            default: add(bytes, field, &count)
            }
        }
        let hasBody = begin(stream, isSwitch: isTunnel, framing: core.pointee.requestParser.framing)
        var source = Self.source(stream)
        let id =
            hasBody
            ? nghttp2_submit_request(session.pointee.library, nil, core.pointee.fields, count, &source, stream)
            : nghttp2_submit_request(session.pointee.library, nil, core.pointee.fields, count, nil, stream)
        guard id > 0 else { return nil }
        stream.pointee.id = id
        return length
    }

    /// Has the parser read a request head; returns its length. Far more fields than usual make room for themselves.
    private func readRequest(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var outcome = core.pointee.requestParser.parse(bytes, within: Self.limits)
        if case .malformed(.tooManyFields) = outcome {
            let limits = HeadLimits(bytesMax: Self.limits.bytesMax, fieldsMax: HeadLimits.fieldsCeiling)
            outcome = core.pointee.requestParser.parse(bytes, within: limits)
            core.pointee.reserveFields(HeadLimits.fieldsCeiling + 8)
        }
        guard case .complete(let length) = outcome else { return nil }
        return length
    }

    /// Whether the request is one for a WebSocket, with a key, whose answer is noted. There are no other tunnels in
    /// HTTP/2: any other upgrade is left out, and its request goes on as if it had not asked (RFC 9110 §7.8).
    private func asksForTunnel(_ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard core.pointee.requestParser.offersUpgrade(to: "websocket", in: bytes) else { return false }
        for index in 0..<core.pointee.requestParser.fieldCount {
            let field = core.pointee.requestParser.field(index)
            guard field.isCalled("sec-websocket-key", in: bytes) else { continue }
            guard let accept = WebSocketAccept.answer(UnsafeRawBufferPointer(rebasing: bytes[field.value])) else {
                continue
            }
            stream.pointee.accept = accept
            return true
        }
        return false
    }

    /// A backend that did not say so must not be asked (RFC 8441 §3).
    private func takesTunnels(_ session: SessionPointer) -> Bool {
        nghttp2_session_get_remote_settings(session.pointee.library, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
    }

    /// Notes how the message goes on; `false` when nothing follows its head.
    private func begin(_ stream: StreamPointer, isSwitch: Bool, framing: BodyFraming) -> Bool {
        switch framing {
        case _ where isSwitch: stream.pointee.output = .raw
        case .none, .length(0):
            end(stream)
            return false
        case .length(let size): stream.pointee.output = .length(size)
        case .chunked: stream.pointee.output = .chunked(ChunkedDecoder())
        // Until the session ends it.
        case .untilClose: stream.pointee.output = .raw
        }
        stream.pointee.flags.insert(.hasSource)
        return true
    }

    private static func source(_ stream: StreamPointer) -> nghttp2_data_provider {
        var provider = nghttp2_data_provider()
        provider.source.ptr = UnsafeMutableRawPointer(stream)
        provider.read_callback = { _, _, _, length, flags, source, _ in
            guard let stream = source?.pointee.ptr?.assumingMemoryBound(to: Stream.self), let flags else {
                return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
            }
            return readOutbox(stream, length, flags)
        }
        return provider
    }

    // MARK: Fields

    private func add(_ bytes: UnsafeRawBufferPointer, _ field: HeadField, _ count: inout Int) {
        let name = UnsafeRawBufferPointer(rebasing: bytes[field.name])
        let value = UnsafeRawBufferPointer(rebasing: bytes[field.value])
        // Ids differ from message to message: in the peer's table they would only push out what repeats.
        add(name, value, isRepeated: field.role != .requestID, &count)
    }

    private func add(_ name: StaticString, _ value: StaticString, _ count: inout Int) {
        add(name, UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount), &count)
    }

    private func add(_ name: StaticString, _ value: UnsafeRawBufferPointer, _ count: inout Int) {
        let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        add(bytes, value, isRepeated: true, &count)
    }

    private func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isRepeated: Bool, _ count: inout Int
    ) {
        precondition(count < core.pointee.fieldsCapacity, "the parser's limit bounds the fields")
        let flags = isRepeated ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX
        core.pointee.fields[count] = nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress?.assumingMemoryBound(to: UInt8.self)),
            value: UnsafeMutablePointer(mutating: value.baseAddress?.assumingMemoryBound(to: UInt8.self)),
            namelen: name.count, valuelen: value.count, flags: UInt8(flags.rawValue))
        count += 1
    }

    /// `Content-Length: 0` of a response that is over with its head: it was needed to say so in HTTP/1.1, and gRPC's
    /// trailers-only responses have none.
    private func isGRPCEnd(_ bytes: UnsafeRawBufferPointer, _ field: HeadField) -> Bool {
        guard field.value.count == 1, bytes[field.value.lowerBound] == UInt8(ascii: "0") else { return false }
        for index in 0..<core.pointee.responseParser.fieldCount {
            let name = core.pointee.responseParser.field(index).name
            if UnsafeRawBufferPointer(rebasing: bytes[name]).isText("grpc-status") { return true }
        }
        return false
    }
}

/// Says how much of a stream's body the next DATA frame gets; `sendData` takes it.
private func readOutbox(_ stream: StreamPointer, _ room: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
    let count = min(room, stream.pointee.outbox.count)
    if stream.pointee.flags.contains(.outputEnded), count == stream.pointee.outbox.count {
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if !stream.pointee.trailers.isEmpty, submitTrailers(stream) {
            flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        }
    } else if count == 0 {
        stream.pointee.flags.insert(.isDeferred)
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    return count
}

/// Submits the trailer section; `false` when there is nothing in it that could be sent.
private func submitTrailers(_ stream: StreamPointer) -> Bool {
    guard let session = stream.pointee.session else { return false }
    let core = session.pointee.core
    let size = stream.pointee.trailers.count
    return withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { text in
        stream.pointee.trailers.take(size, to: text.baseAddress!, &core.pointee.blocks)
        var count = 0
        var start = 0
        // Checked lines, each with its CRLF (`ChunkedDecoder`).
        while start < size, count < HTTP2Limits.fieldsMax {
            let end = text[start...].firstIndex(of: 0x0d) ?? size
            if let colon = text[start..<end].firstIndex(of: 0x3a), colon > start {
                var value = colon + 1..<end
                while let first = value.first, text[first] == 0x20 || text[first] == 0x09 { value.removeFirst() }
                while let last = value.last, text[last] == 0x20 || text[last] == 0x09 { value.removeLast() }
                core.pointee.fields[count] = nghttp2_nv(
                    name: (text.baseAddress! + start).assumingMemoryBound(to: UInt8.self),
                    value: (text.baseAddress! + value.lowerBound).assumingMemoryBound(to: UInt8.self),
                    namelen: colon - start, valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
                count += 1
            }
            start = end + 2
        }
        guard count > 0 else { return false }
        return nghttp2_submit_trailer(session.pointee.library, stream.pointee.id, core.pointee.fields, count) == 0
    }
}
