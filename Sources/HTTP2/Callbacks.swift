// What libnghttp2 calls while it reads or writes. Each finds its session in `context` and leaves the work to `Core`.

import CNghttp2
import HTTPWire

extension Core {
    /// The callbacks of every session, copied by libnghttp2 when a session is made.
    static func makeCallbacks() -> OpaquePointer {
        var made: OpaquePointer?
        precondition(nghttp2_session_callbacks_new(&made) == 0, "out of memory")
        let callbacks = made!
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, context in
            guard let header, let session = sessionPointer(context) else { return 0 }
            session.pointee.core.countFrame(session, header.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            guard let frame, let session = sessionPointer(context) else { return 0 }
            session.pointee.core.beginHead(session, frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameLength, value, valueLength, _, context in
            guard let session = sessionPointer(context) else { return 0 }
            session.pointee.core.addField(
                session, UnsafeRawBufferPointer(start: name, count: nameLength),
                UnsafeRawBufferPointer(start: value, count: valueLength))
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, context in
            guard let session = sessionPointer(context) else { return 0 }
            // libnghttp2 would leave the field out; we refuse the message (RFC 9113 §8.1.1).
            session.pointee.core.refuseHead(session)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, context in
            guard let session = sessionPointer(context) else { return 0 }
            session.pointee.core.receiveBody(session, id, UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            guard let frame, let session = sessionPointer(context) else { return 0 }
            session.pointee.core.frameReceived(session, frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, _, context in
            guard let frame, let session = sessionPointer(context) else { return 0 }
            // libnghttp2 refused a head, in its middle or at its end, and resets the stream itself.
            if UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue { session.pointee.core.dropHead(session) }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, error, context in
            guard let session = sessionPointer(context) else { return 0 }
            session.pointee.core.streamClosed(session, id, error: error)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            guard let frame, let session = sessionPointer(context) else { return 0 }
            session.pointee.core.frameSent(session, frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, context in
            guard let frame, let session = sessionPointer(context) else { return 0 }
            session.pointee.core.frameNotSent(session, frame)
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, length, source, context in
            guard let frame, let header, let source, let session = sessionPointer(context) else { return 0 }
            return session.pointee.core.sendData(session, frame, header, length, source)
        }
        return callbacks
    }
}

@inline(__always)
private func sessionPointer(_ context: UnsafeMutableRawPointer?) -> SessionPointer? {
    context?.assumingMemoryBound(to: Session.self)
}

extension UnsafeMutablePointer where Pointee == Core {
    /// Counts a frame by its header alone, before anything is done for it.
    func countFrame(_ session: SessionPointer, _ header: nghttp2_frame_hd) {
        if UInt32(header.type) == NGHTTP2_CONTINUATION.rawValue { return countContinuation(session, header) }
        // Of a stream that is being closed, libnghttp2 tells no end of a head: what follows is not to be taken for its text.
        session.pointee.assembly.hasLastFrame = true
        dropHead(session)
        guard session.pointee.isServer else { return }
        let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue, NGHTTP2_HEADERS.rawValue, NGHTTP2_GOAWAY.rawValue: break
        case NGHTTP2_RST_STREAM.rawValue: count(.reset, session)
        case NGHTTP2_SETTINGS.rawValue: if !isAcknowledgement { count(.settings, session) }
        case NGHTTP2_PING.rawValue: if !isAcknowledgement { count(.ping, session) }
        case NGHTTP2_WINDOW_UPDATE.rawValue: count(.windowUpdate, session)
        default: count(.priority, session)
        }
    }

    private func countContinuation(_ session: SessionPointer, _ header: nghttp2_frame_hd) {
        session.pointee.assembly.continuations += 1
        if header.flags & UInt8(NGHTTP2_FLAG_END_HEADERS.rawValue) != 0 {
            session.pointee.assembly.hasLastFrame = true
            // One that was dropped is not told to have ended.
            if session.pointee.assembly.stream == nil { dropHead(session) }
        }
        guard session.pointee.assembly.continuations > HTTP2Limits.continuationsMax, !session.pointee.isCondemned else {
            return
        }
        session.pointee.flags.insert(.isCondemned)
        _ = nghttp2_session_terminate_session(session.pointee.library, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    }

    /// A frame is complete; of HEADERS, the whole head.
    func frameReceived(_ session: SessionPointer, _ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            if isLast {
                if let stream = stream(session, header.stream_id) { endInput(stream) }
            } else if header.length <= frame.pointee.data.padlen {
                count(.empty, session)
            }
        case NGHTTP2_HEADERS.rawValue: finishHead(session, isLast: isLast)
        case NGHTTP2_PING.rawValue:
            let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
            if isAcknowledgement, session.pointee.isDraining { finishDrain(session) }
        case NGHTTP2_SETTINGS.rawValue: session.pointee.flags.insert(.isGreeted)
        case NGHTTP2_GOAWAY.rawValue: session.pointee.flags.insert(.peerIsLeaving)
        default: break
        }
    }

    /// libnghttp2 is done with a stream: both sides ended, or it was reset.
    func streamClosed(_ session: SessionPointer, _ id: Int32, error: UInt32) {
        guard let stream = stream(session, id) else { return }
        closed(stream, error: error)
    }

    func closed(_ stream: StreamPointer, error: UInt32) {
        guard let session = stream.pointee.session else { return }
        stream.pointee.flags.insert(.isGone)
        guard stream.pointee.flags.contains(.isTold) else {
            // Its request was never told: rapid resets go no further than this.
            if !stream.pointee.flags.contains(.isAnnounced) { free(stream) }
            return
        }
        guard stream.pointee.owner != 0 else { return free(stream) }
        // What we reset was told when that was decided.
        if stream.pointee.flags.contains(.isReset) { return }
        let isRegular = error == NGHTTP2_NO_ERROR.rawValue
        if session.pointee.isServer {
            if !isRegular || !stream.pointee.flags.contains(.outputDone) { tell(.broken, stream) }
        } else if !stream.pointee.hasWholeInput {
            let isRefused = error == NGHTTP2_REFUSED_STREAM.rawValue || !stream.pointee.flags.contains(.headSent)
            tell(.broken, stream, isRefused: isRefused)
        }
    }

    /// A frame was handed out.
    func frameSent(_ session: SessionPointer, _ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            session.pointee.guardian.credit(.ping, 1)
            session.pointee.guardian.credit(.windowUpdate, 2)
            if isLast, let stream = stream(session, header.stream_id) { outputDone(stream) }
        case NGHTTP2_HEADERS.rawValue:
            guard let stream = stream(session, header.stream_id) else { return }
            stream.pointee.flags.insert(.headSent)
            stream.pointee.sent &+= UInt64(header.length)
            if isLast { outputDone(stream) }
        case NGHTTP2_GOAWAY.rawValue:
            // Not before: libnghttp2 lets a PING overtake, and its answer is to show that this was seen.
            guard session.pointee.isDraining, !session.pointee.flags.contains(.isLeaving) else { return }
            _ = nghttp2_submit_ping(session.pointee.library, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        case NGHTTP2_RST_STREAM.rawValue:
            let isOurs = stream(session, header.stream_id).map { $0.pointee.flags.contains(.isReset) } ?? false
            if !isOurs { count(.reset, session) }
        default: break
        }
    }

    /// A head that could not be sent; of a request: the peer is leaving, or its ids are used up.
    func frameNotSent(_ session: SessionPointer, _ frame: UnsafePointer<nghttp2_frame>) {
        guard UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue else { return }
        guard !session.pointee.isServer, frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else {
            // Too large by HPACK's count. Of a stream that is gone or reset meanwhile, nothing is left to do.
            if let stream = stream(session, frame.pointee.hd.stream_id), !stream.pointee.flags.contains(.isReset) {
                refuse(stream)
            }
            return
        }
        var candidate = session.pointee.streams
        while let stream = candidate, stream.pointee.id != frame.pointee.hd.stream_id {
            candidate = stream.pointee.next
        }
        if let stream = candidate, !stream.pointee.isGone {
            closed(stream, error: NGHTTP2_REFUSED_STREAM.rawValue)
        }
    }

    /// END_STREAM was sent. A request that goes on although it was answered is stopped (RFC 9113 §8.1).
    private func outputDone(_ stream: StreamPointer) {
        stream.pointee.flags.insert(.outputDone)
        guard let session = stream.pointee.session, session.pointee.isServer, stream.pointee.owner == 0 else { return }
        stopInput(stream)
    }

    func stopInput(_ stream: StreamPointer) {
        guard let session = stream.pointee.session, !stream.pointee.flags.contains(.inputEnded),
            !stream.pointee.flags.contains(.isReset)
        else { return }
        stream.pointee.flags.formUnion([.isReset, .inputDropped])
        _ = nghttp2_submit_rst_stream(
            session.pointee.library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id, NGHTTP2_NO_ERROR.rawValue)
    }
}
