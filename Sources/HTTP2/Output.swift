// What the session says on a stream: an HTTP/1.1 message of our own making, read piece by piece. Its head is submitted as
// HEADERS (`+Submit`), its body waits in the stream's outbox until `collect` has room for it.

import CNghttp2
import Glibc
import HTTPWire

extension Multiplexer {
    /// Takes bytes of an HTTP/1.1 message (a response towards a client, a request towards a backend), or of a tunnel.
    ///
    /// A head must come in one piece. `false` when the message makes no sense: the stream is reset, and told as broken.
    package func write(_ stream: StreamPointer, _ pieces: UnsafeMutableBufferPointer<iovec>) -> Bool {
        guard !stream.pointee.isGone, !stream.pointee.flags.contains(.isReset) else { return true }
        for piece in pieces {
            guard write(stream, UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)) else {
                reset(stream, NGHTTP2_INTERNAL_ERROR)
                // A peer that has not said yet whether it takes tunnels may take this one later.
                let isTooEarly = stream.pointee.id < 0 && stream.pointee.session?.pointee.isGreeted == false
                core.tell(.broken, stream, isRefused: isTooEarly)
                return false
            }
        }
        wake(stream)
        return true
    }

    private func write(_ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var used = 0
        while used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            switch stream.pointee.output {
            case .head:
                guard let session = stream.pointee.session else { return true }
                let length =
                    session.pointee.isServer
                    ? submitResponse(session, stream, rest) : submitRequest(session, stream, rest)
                guard let length else { return false }
                used += length
            case .length(let left):
                let count = Int(min(left, UInt64(rest.count)))
                stream.pointee.outbox.append(UnsafeRawBufferPointer(rebasing: rest[..<count]), &core.pointee.blocks)
                used += count
                if left == UInt64(count) { end(stream) } else { stream.pointee.output = .length(left - UInt64(count)) }
            case .chunked(var decoder):
                guard let count = writeChunks(stream, &decoder, rest) else { return false }
                used += count
            case .raw:
                stream.pointee.outbox.append(rest, &core.pointee.blocks)
                used += rest.count
            case .ended:
                // Nothing may follow a message; a session that says more has lost its way.
                return false
            }
        }
        return true
    }

    /// Takes data out of chunks; returns the bytes used.
    private func writeChunks(
        _ stream: StreamPointer, _ decoder: inout ChunkedDecoder, _ bytes: UnsafeRawBufferPointer
    ) -> Int? {
        var used = 0
        while used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            switch decoder.next(in: rest) {
            case .data(let range):
                stream.pointee.outbox.append(UnsafeRawBufferPointer(rebasing: rest[range]), &core.pointee.blocks)
                used += range.upperBound
            case .trailer(let range):
                stream.pointee.trailers.append(UnsafeRawBufferPointer(rebasing: rest[range]), &core.pointee.blocks)
                used += range.upperBound
            case .needMore(let consumed):
                used += consumed
            case .end(let consumed):
                end(stream)
                return used + consumed
            case .malformed:
                return nil
            }
        }
        stream.pointee.output = .chunked(decoder)
        return used
    }

    /// The message is complete.
    func end(_ stream: StreamPointer) {
        stream.pointee.output = .ended
        stream.pointee.flags.insert(.outputEnded)
    }

    /// Lets a data source that had nothing go on, and notes congestion.
    private func wake(_ stream: StreamPointer) {
        if stream.pointee.outbox.count >= HTTP2Limits.outboxBytesMax { stream.pointee.flags.insert(.isCongested) }
        guard stream.pointee.flags.contains(.isDeferred), let session = stream.pointee.session,
            !stream.pointee.outbox.isEmpty || stream.pointee.flags.contains(.outputEnded)
        else { return }
        stream.pointee.flags.remove(.isDeferred)
        _ = nghttp2_session_resume_data(session.pointee.library, stream.pointee.id)
    }

    // MARK: The end of a stream, from here

    /// The session sends no more in this tunnel.
    package func finish(_ stream: StreamPointer) {
        guard case .raw = stream.pointee.output, !stream.pointee.isGone else { return }
        end(stream)
        wake(stream)
    }

    /// The owner is done with the stream. What it said completely is still sent; an unfinished message is reset, in a
    /// way that tells a failure (`isFailure`) from a change of mind.
    package func release(_ stream: StreamPointer, isFailure: Bool = false) {
        stream.pointee.owner = 0
        dropInbox(stream)
        guard !stream.pointee.isGone, let session = stream.pointee.session else { return core.free(stream) }
        if session.pointee.isServer {
            guard stream.pointee.isComplete else {
                return reset(
                    stream,
                    isFailure || stream.pointee.flags.contains(.hasSource)
                        ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL)
            }
            if stream.pointee.flags.contains(.outputDone) { core.stopInput(stream) }
        } else {
            guard stream.pointee.id > 0 else { return core.free(stream) }
            guard stream.pointee.isComplete, stream.pointee.hasWholeInput else { return reset(stream, NGHTTP2_CANCEL) }
        }
        stream.pointee.flags.formUnion([.isOrphan, .inputDropped])
        session.pointee.orphanCount += 1
    }

    /// Resets the streams without owners that were here at the last call already: their peer opens no window for what
    /// they have to send, or does not say its own end.
    package func cancelOrphans(_ session: SessionPointer) {
        var next = session.pointee.streams
        while let stream = next {
            next = stream.pointee.next
            guard stream.pointee.flags.contains(.isOrphan) else { continue }
            if stream.pointee.flags.contains(.isOverdue) { reset(stream, NGHTTP2_CANCEL) }
            stream.pointee.flags.insert(.isOverdue)
        }
    }

    private func dropInbox(_ stream: StreamPointer) {
        stream.pointee.inbox.clear(&core.pointee.blocks)
        core.consume(stream, stream.pointee.inboxWindow)
        stream.pointee.inboxWindow = 0
    }

    private func reset(_ stream: StreamPointer, _ error: nghttp2_error_code) {
        guard let session = stream.pointee.session, !stream.pointee.flags.contains(.isReset) else { return }
        stream.pointee.flags.formUnion([.isReset, .inputDropped])
        stream.pointee.outbox.clear(&core.pointee.blocks)
        stream.pointee.flags.remove(.isCongested)
        _ = nghttp2_submit_rst_stream(
            session.pointee.library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id, error.rawValue)
    }
}
