// Heads that are received: HEADERS becomes a request line or a status line and fields, in the arena. What libnghttp2 has
// checked (RFC 9113 §8: order and presence of pseudo fields, lower case, no connection-specific fields, `te`, the length)
// is not checked again; everything else is judged by the HTTP/1.1 parser that reads this.

import CNghttp2
import HTTPWire

extension UnsafeMutablePointer where Pointee == Core {
    func beginHead(_ session: SessionPointer, _ frame: UnsafePointer<nghttp2_frame>) {
        let id = frame.pointee.hd.stream_id
        var assembly = Session.Assembly()
        assembly.start = pointee.arena.count
        assembly.cookieStart = pointee.crumbs.count
        assembly.hasLastFrame = frame.pointee.hd.flags & UInt8(NGHTTP2_FLAG_END_HEADERS.rawValue) != 0
        if session.pointee.isServer, frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
            let stream = makeStream(session)
            stream.pointee.id = id
            _ = nghttp2_session_set_stream_user_data(session.pointee.library, id, stream)
            assembly.stream = stream
            assembly.kind = .request
        } else if let stream = stream(session, id), !stream.pointee.flags.contains(.inputDropped) {
            assembly.stream = stream
            if !session.pointee.isServer, !stream.pointee.flags.contains(.hasFinalHead) {
                assembly.kind = .response
            } else {
                // Only chunks can be followed by trailers in HTTP/1.1: see below.
                assembly.kind = stream.pointee.flags.contains(.inputChunked) ? .trailers : .ignored
            }
        } else {
            assembly.kind = .ignored
        }
        session.pointee.assembly = assembly
        session.pointee.headCount &+= 1
    }

    func addField(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard !session.pointee.isCondemned, name.count > 0 else { return }
        switch session.pointee.assembly.kind {
        case .none, .ignored: break
        case .request: addRequestField(session, name, value)
        case .response: addResponseField(session, name, value)
        case .trailers: addTrailer(session, name, value)
        }
    }

    func refuseHead(_ session: SessionPointer) {
        // Whose fields go nowhere may still end its stream.
        guard session.pointee.assembly.kind != .ignored else { return }
        if let stream = session.pointee.assembly.stream { refuse(stream) }
        dropHead(session)
    }

    /// Forgets the head that is being received, if any. What libnghttp2 still gives of it is ignored. Without its last frame
    /// it counts as half there, since nothing else can come on the connection.
    func dropHead(_ session: SessionPointer) {
        guard session.pointee.assembly.kind != .none else { return }
        if session.pointee.assembly.isSuspended {
            dropPartial(session)
        } else {
            pointee.arena.truncate(to: session.pointee.assembly.start)
            pointee.crumbs.truncate(to: session.pointee.assembly.cookieStart)
        }
        session.pointee.assembly.kind = session.pointee.assembly.hasLastFrame ? .none : .ignored
        session.pointee.assembly.stream = nil
    }

    /// The whole head is there.
    func finishHead(_ session: SessionPointer, isLast: Bool) {
        let stream = session.pointee.assembly.stream
        switch session.pointee.assembly.kind {
        case .none: break
        case .ignored: if isLast, let stream { endInput(stream) }
        case .request: finishRequest(session, stream!, isLast: isLast)
        case .response: finishResponse(session, stream!, isLast: isLast)
        case .trailers: finishTrailers(session, stream!)
        }
        session.pointee.assembly.kind = .none
        session.pointee.assembly.stream = nil
    }

    /// Appends `name: value`. What passes the bound is cut off there, so that whoever reads it sees that it is too long.
    func appendField(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard !session.pointee.assembly.isTooLong else { return }
        let room = HTTP2Limits.headBytesMax - (pointee.arena.count - session.pointee.assembly.start)
        guard name.count + value.count + 4 <= room else {
            session.pointee.assembly.isTooLong = true
            pointee.arena.append(UnsafeRawBufferPointer(rebasing: name.prefix(max(0, room))))
            let left = max(0, room - name.count - 2)
            pointee.arena.append(": ")
            return pointee.arena.append(UnsafeRawBufferPointer(rebasing: value.prefix(left)))
        }
        pointee.arena.append(name)
        pointee.arena.append(": ")
        pointee.arena.append(value)
        pointee.arena.append("\r\n")
    }

    // MARK: Trailers
    //
    // In HTTP/2 trailers may follow a body whose length was stated; in HTTP/1.1 they follow chunks alone. Where they are
    // announced (RFC 9110 §6.6.2), or are the status of gRPC, the length is left out and the body comes in chunks.
    // Otherwise the length stays and trailers are dropped (§6.5.1): some browsers say `TE: trailers` with every request,
    // and would lose the length of every download.

    /// `Content-Length`, which may have to go.
    func appendLength(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let start = session.pointee.assembly.start
        let lineStart = pointee.arena.count - start
        appendField(session, name, value)
        session.pointee.assembly.hasLength = true
        session.pointee.assembly.lengthLine = lineStart..<pointee.arena.count - start
    }

    /// Takes the stated length back.
    func removeLength(_ session: SessionPointer) {
        guard session.pointee.assembly.hasLength else { return }
        let (start, line) = (session.pointee.assembly.start, session.pointee.assembly.lengthLine)
        pointee.arena.remove(start + line.lowerBound..<start + line.upperBound)
        session.pointee.assembly.hasLength = false
    }

    private func addTrailer(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer)
    {
        let size = pointee.arena.count - session.pointee.assembly.start
        guard size + name.count + value.count + 4 <= HTTP2Limits.trailerBytesMax else {
            session.pointee.assembly.isTooLong = true
            return
        }
        appendField(session, name, value)
    }

    private func finishTrailers(_ session: SessionPointer, _ stream: StreamPointer) {
        let start = session.pointee.assembly.start
        let fields = start..<pointee.arena.count
        stream.pointee.flags.insert(.inputEnded)
        if session.pointee.assembly.isTooLong { pointee.arena.truncate(to: start) }
        // The fields are there already, so what goes before them is put behind, and they once more.
        let isWhole = !session.pointee.assembly.isTooLong
        let textStart = pointee.arena.count
        pointee.arena.append("0\r\n")
        if isWhole { pointee.arena.append(copyOf: fields) }
        pointee.arena.append("\r\n")
        tellText(stream, from: textStart)
    }

    // MARK: Between two receives

    /// Puts the text of an unfinished head back into the arena.
    func resume(_ session: SessionPointer) {
        guard session.pointee.assembly.kind != .none else { return }
        session.pointee.assembly.isSuspended = false
        let moved = pointee.arena.count - session.pointee.assembly.start
        session.pointee.assembly.start += moved
        if session.pointee.assembly.lineStart >= 0 { session.pointee.assembly.lineStart += moved }
        session.pointee.assembly.cookieStart = pointee.crumbs.count
        pointee.arena.append(UnsafeRawBufferPointer(session.pointee.partial))
        pointee.crumbs.append(UnsafeRawBufferPointer(session.pointee.partialCrumbs))
        dropPartial(session)
    }

    func dropPartial(_ session: SessionPointer) {
        pointee.partialBytes -= session.pointee.partial.count + session.pointee.partialCrumbs.count
        session.pointee.partial.deallocate()
        session.pointee.partialCrumbs.deallocate()
        session.pointee.partial = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        session.pointee.partialCrumbs = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Takes the text of an unfinished head out of the arena, which others will use.
    func suspend(_ session: SessionPointer) {
        guard session.pointee.assembly.kind != .none else { return }
        session.pointee.assembly.isSuspended = true
        let text = pointee.arena.bytes(session.pointee.assembly.start..<pointee.arena.count)
        let crumbs = pointee.crumbs.bytes(session.pointee.assembly.cookieStart..<pointee.crumbs.count)
        session.pointee.partial = .allocate(byteCount: text.count, alignment: 1)
        session.pointee.partial.copyMemory(from: text)
        session.pointee.partialCrumbs = .allocate(byteCount: crumbs.count, alignment: 1)
        session.pointee.partialCrumbs.copyMemory(from: crumbs)
        pointee.partialBytes += text.count + crumbs.count
        pointee.arena.truncate(to: session.pointee.assembly.start)
        pointee.crumbs.truncate(to: session.pointee.assembly.cookieStart)
    }
}
