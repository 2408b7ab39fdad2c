// HTTP/2 without sockets: bytes of connections in, bytes for connections out, and in between each stream as one exchange
// of HTTP/1.1, so that the session logic and the one strict parser see nothing else. libnghttp2 does the frames, HPACK,
// the states of streams and the rules of RFC 9113 §8; this module does the rest:
//
// 1. `receive` gives a connection's bytes to libnghttp2, whose callbacks (`+Callbacks`) write heads, bodies and trailers
//    as HTTP/1.1 into an arena, or point at a body where it was received (`+Requests`, `+ResponsesIn`, `+Input`).
// 2. `next` tells what came, stream by stream. Bytes for a stream that is paused wait in its inbox; the peer's window is
//    given back only for bytes that were told.
// 3. `write` reads the HTTP/1.1 message of the session, submits its head, and queues its body in the stream's outbox
//    (`+Output`).
// 4. `collect` gathers what a connection has to send: frames of libnghttp2, with DATA straight from the outboxes.
//
// A stream may lose its owner (`release`) before it is through: what was complete is still sent, the rest is reset. A
// record is freed when both libnghttp2 and the owner are done with it.
// Loop-confined. Calls of libnghttp2 may call back into this module: no call holds a field of `Core` across them.

import CNghttp2
import HTTPWire
import Vocabulary

/// All HTTP/2 connections of one loop.
package struct Multiplexer: ~Copyable {
    let core: UnsafeMutablePointer<Core>

    package init(seed: UInt64) {
        core = .allocate(capacity: 1)
        core.initialize(to: Core(seed: seed))
    }

    deinit {
        core.deinitialize(count: 1)
        core.deallocate()
    }

    // MARK: Sessions

    /// Begins to serve a client. `owner` is the caller's name for the connection.
    package func openServer(owner: UInt64) -> SessionPointer? {
        guard let session = open(owner: owner, flags: .isServer) else { return nil }
        var settings = [
            setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2Limits.streamsMax),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2Limits.streamWindowBytes),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2Limits.headerListBytesMax),
            setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
            // RFC 9218 instead of the tree of RFC 7540, which costs more than it gives.
            setting(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        return begin(session, &settings)
    }

    /// Begins to use a backend. The preface is among the first bytes that `collect` gives.
    package func openClient(owner: UInt64, isSecure: Bool) -> SessionPointer? {
        guard let session = open(owner: owner, flags: isSecure ? .isSecure : []) else { return nil }
        var settings = [
            setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2Limits.streamWindowBytes),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2Limits.headerListBytesMax),
        ]
        return begin(session, &settings)
    }

    private func setting(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
    }

    private func open(owner: UInt64, flags: Session.Flags) -> SessionPointer? {
        let session = SessionPointer.allocate(capacity: 1)
        var made: OpaquePointer?
        let result =
            flags.contains(.isServer)
            ? nghttp2_session_server_new3(
                &made, core.pointee.callbacks, session, core.pointee.serverOptions, core.pointee.memory.functions)
            : nghttp2_session_client_new3(
                &made, core.pointee.callbacks, session, core.pointee.clientOptions, core.pointee.memory.functions)
        guard result == 0, let made else {
            session.deallocate()
            return nil
        }
        session.initialize(to: Session(core: core, owner: owner, library: made, flags: flags))
        return session
    }

    private func begin(_ session: SessionPointer, _ settings: inout [nghttp2_settings_entry]) -> SessionPointer? {
        let library = session.pointee.library
        let window = Int32(HTTP2Limits.connectionWindowBytes)
        guard nghttp2_submit_settings(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count) == 0,
            nghttp2_session_set_local_window_size(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, window) == 0
        else {
            close(session)
            return nil
        }
        return session
    }

    /// Ends a session at once. Its streams with owners are told as broken; the pointer is of no more use.
    package func close(_ session: SessionPointer) {
        nghttp2_session_del(session.pointee.library)
        while let stream = session.pointee.streams {
            let isRefused = !session.pointee.isServer && !stream.pointee.mayBeSeen
            core.unlink(stream)
            stream.pointee.flags.insert(.isGone)
            stream.pointee.session = nil
            if stream.pointee.owner == 0 {
                core.free(stream)
            } else {
                core.tell(.broken, stream, isRefused: isRefused)
            }
        }
        core.dropPartial(session)
        session.deallocate()
    }

    /// Whether the session has nothing more to receive or to send: its connection is to be closed.
    package func isOver(_ session: SessionPointer) -> Bool {
        session.pointee.flags.contains(.isBroken)
            || (nghttp2_session_want_read(session.pointee.library) == 0
                && nghttp2_session_want_write(session.pointee.library) == 0)
    }

    /// Tells the client that no further streams will be taken after those it is just sending: GOAWAY with the highest
    /// id, and a PING whose answer shows that the client has seen it and leads to the final GOAWAY (RFC 9113 §6.8).
    package func beginDrain(_ session: SessionPointer) {
        guard !session.pointee.isDraining else { return }
        session.pointee.flags.insert(.isDraining)
        _ = nghttp2_submit_shutdown_notice(session.pointee.library)
    }

    /// Takes no further streams: the final GOAWAY. Streams in progress go on; then the session is over.
    package func finishDrain(_ session: SessionPointer) {
        core.finishDrain(session)
    }

    // MARK: Receiving

    /// Takes bytes of a connection. They must stay where they are until `next` has told everything.
    ///
    /// `false` when the session is of no more use: what `collect` still gives (GOAWAY) is to be sent, then it is `isOver`.
    package func receive(_ session: SessionPointer, _ bytes: UnsafeRawBufferPointer, now: Instant) -> Bool {
        core.pointee.now = now
        if core.pointee.events.isEmpty {
            core.pointee.arena.empty()
            core.pointee.crumbs.empty()
        }
        core.resume(session)
        let count = nghttp2_session_mem_recv(
            session.pointee.library, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        core.suspend(session)
        guard count >= 0 else {
            // Flooded with what must be acknowledged, or not HTTP/2 at all; or out of memory.
            let isFlood =
                count == Int(NGHTTP2_ERR_FLOODED.rawValue)
                || count == Int(NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue)
            let error = isFlood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR
            _ = nghttp2_session_terminate_session(session.pointee.library, error.rawValue)
            session.pointee.flags.insert(.isCondemned)
            return false
        }
        return !session.pointee.isCondemned
    }

    /// Tells one thing; `false` when there is nothing to tell.
    package func next(_ event: inout SessionEvent) -> Bool {
        if let block = core.pointee.toldBlock {
            core.pointee.blocks.giveBack(block)
            core.pointee.toldBlock = nil
        }
        while let queued = core.pointee.events.popFirst() {
            if let stream = queued.stream, stream.pointee.generation != queued.generation { continue }
            event.kind = queued.kind
            event.stream = queued.stream
            event.isRefused = queued.isRefused
            if tell(queued, &event) { return true }
        }
        return false
    }

    /// Bytes that wait: unfinished heads, and bodies on their way in and out by the blocks they are in.
    package var lentBytes: Int { core.pointee.partialBytes + core.pointee.blocks.lentCount * BlockStore.blockBytes }

    /// Whether nothing waits to be told.
    package var isQuiet: Bool { core.pointee.events.isEmpty }

    // MARK: Streams

    /// Gives an opened stream its owner, which is not 0.
    package func adopt(_ stream: StreamPointer, owner: UInt64) {
        stream.pointee.owner = owner
    }

    /// A new stream for one request; `write` sends it.
    package func openStream(_ session: SessionPointer, owner: UInt64) -> StreamPointer {
        let stream = core.makeStream(session)
        stream.pointee.owner = owner
        stream.pointee.flags.insert(.isTold)
        return stream
    }

    /// Whether a further request of ours would be taken at once: by the peer's limit, and because it is not leaving.
    package func hasRoom(_ session: SessionPointer) -> Bool {
        let library = session.pointee.library
        guard session.pointee.flags.isDisjoint(with: [.peerIsLeaving, .isBroken, .isCondemned, .isLeaving]),
            nghttp2_session_check_request_allowed(library) != 0
        else { return false }
        let limit = nghttp2_session_get_remote_settings(library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return session.pointee.streamCount < Int(min(limit, 1 << 20))
    }

    /// Whether further requests may be made on it at all.
    package func isUsable(_ session: SessionPointer) -> Bool {
        session.pointee.flags.isDisjoint(with: [.peerIsLeaving, .isBroken, .isCondemned, .isLeaving])
            && nghttp2_session_check_request_allowed(session.pointee.library) != 0
    }

    /// No `.received` or `.ended` of this stream until `resume`.
    package func pause(_ stream: StreamPointer) {
        stream.pointee.flags.insert(.isPaused)
    }

    package func resume(_ stream: StreamPointer) {
        guard stream.pointee.flags.contains(.isPaused) else { return }
        stream.pointee.flags.remove(.isPaused)
        if !stream.pointee.inbox.isEmpty || stream.pointee.flags.contains(.endWaits) { core.tellInbox(stream) }
    }

    package func isPaused(_ stream: StreamPointer) -> Bool { stream.pointee.flags.contains(.isPaused) }

    /// Whether enough waits to be sent that the source should pause; `.drained` tells when that is over.
    package func isCongested(_ stream: StreamPointer) -> Bool { stream.pointee.flags.contains(.isCongested) }
}
