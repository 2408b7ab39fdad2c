// Records of streams: made, linked to their session, freed; and the events about them.

import CNghttp2
import HTTPWire
import Vocabulary

typealias CorePointer = UnsafeMutablePointer<Core>

extension UnsafeMutablePointer where Pointee == Core {
    /// Records made at once.
    private static var slabSize: Int { 64 }

    func makeStream(_ session: SessionPointer) -> StreamPointer {
        if pointee.spareStreams == nil {
            let slab = StreamPointer.allocate(capacity: Self.slabSize)
            slab.initialize(repeating: Stream(), count: Self.slabSize)
            pointee.madeStreams.append(slab)
            for index in 0..<Self.slabSize {
                slab[index].next = pointee.spareStreams
                pointee.spareStreams = slab + index
            }
        }
        let stream = pointee.spareStreams!
        pointee.spareStreams = stream.pointee.next
        let generation = stream.pointee.generation &+ 1
        stream.pointee = Stream()
        stream.pointee.generation = generation
        stream.pointee.session = session
        stream.pointee.next = session.pointee.streams
        session.pointee.streams?.pointee.previous = stream
        session.pointee.streams = stream
        session.pointee.streamCount += 1
        return stream
    }

    /// Takes the record off its session's list.
    func unlink(_ stream: StreamPointer) {
        guard let session = stream.pointee.session else { return }
        if let previous = stream.pointee.previous {
            previous.pointee.next = stream.pointee.next
        } else {
            session.pointee.streams = stream.pointee.next
        }
        stream.pointee.next?.pointee.previous = stream.pointee.previous
        stream.pointee.previous = nil
        stream.pointee.next = nil
        stream.pointee.session = nil
        session.pointee.streamCount -= 1
        if stream.pointee.flags.contains(.isOrphan) { session.pointee.orphanCount -= 1 }
        if session.pointee.assembly.stream == stream { dropHead(session) }
    }

    /// Gives the record, which neither libnghttp2 nor an owner knows any more, back.
    func free(_ stream: StreamPointer) {
        unlink(stream)
        stream.pointee.outbox.clear(&pointee.blocks)
        stream.pointee.trailers.clear(&pointee.blocks)
        stream.pointee.inbox.clear(&pointee.blocks)
        stream.pointee.generation &+= 1
        stream.pointee.owner = 0
        stream.pointee.next = pointee.spareStreams
        pointee.spareStreams = stream
    }

    /// The record that libnghttp2 keeps for a stream.
    func stream(_ session: SessionPointer, _ id: Int32) -> StreamPointer? {
        nghttp2_session_get_stream_user_data(session.pointee.library, id)?.assumingMemoryBound(to: Stream.self)
    }

    // MARK: Events

    func tell(_ kind: SessionEvent.Kind, _ stream: StreamPointer, isRefused: Bool = false) {
        var event = QueuedEvent()
        event.kind = kind
        event.stream = stream
        event.generation = stream.pointee.generation
        event.isRefused = isRefused
        pointee.events.append(event)
    }

    func tellInbox(_ stream: StreamPointer) {
        var event = QueuedEvent()
        event.kind = .received
        event.source = .inbox
        event.stream = stream
        event.generation = stream.pointee.generation
        pointee.events.append(event)
    }

    /// Makes what is appended to the arena from here on part of a `.received` of this stream; `endText` says how much.
    func beginText(_ stream: StreamPointer) {
        if let last = pointee.events.last, last.pointee.source == .arena, last.pointee.stream == stream,
            last.pointee.generation == stream.pointee.generation,
            last.pointee.start + last.pointee.count == pointee.arena.count
        {
            return
        }
        tellText(stream, from: pointee.arena.count)
    }

    func tellText(_ stream: StreamPointer, from start: Int) {
        var event = QueuedEvent()
        event.kind = .received
        event.source = .arena
        event.stream = stream
        event.generation = stream.pointee.generation
        event.start = start
        event.count = pointee.arena.count - start
        pointee.events.append(event)
    }

    /// `window`: DATA bytes among them.
    func endText(window: Int = 0) {
        guard let last = pointee.events.last else { return }
        last.pointee.count = pointee.arena.count - last.pointee.start
        last.pointee.window += window
    }

    // MARK: Windows and refusals

    /// The session has (or dropped) DATA bytes of a stream: the peer may send as many more.
    func consume(_ stream: StreamPointer, _ size: Int) {
        guard size > 0, let session = stream.pointee.session else { return }
        if stream.pointee.flags.contains(.isGone) {
            _ = nghttp2_session_consume_connection(session.pointee.library, size)
        } else {
            _ = nghttp2_session_consume(session.pointee.library, stream.pointee.id, size)
        }
    }

    /// Resets a stream whose peer broke a rule of HTTP.
    func refuse(_ stream: StreamPointer) {
        guard let session = stream.pointee.session else { return }
        stream.pointee.flags.insert(.inputDropped)
        _ = nghttp2_submit_rst_stream(
            session.pointee.library, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id,
            NGHTTP2_PROTOCOL_ERROR.rawValue)
    }

    /// Counts what costs us more than the peer; the connection ends when that is too much.
    func count(_ kind: FloodGuard.Kind, _ session: SessionPointer) {
        guard session.pointee.isServer, !session.pointee.isCondemned,
            !session.pointee.guardian.allows(kind, now: pointee.now)
        else { return }
        session.pointee.flags.insert(.isCondemned)
        _ = nghttp2_session_terminate_session(session.pointee.library, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    }

    /// The final GOAWAY. Also called from within a callback, where only submitting is allowed.
    func finishDrain(_ session: SessionPointer) {
        guard !session.pointee.flags.contains(.isLeaving) else { return }
        session.pointee.flags.formUnion([.isLeaving, .isDraining])
        let last = nghttp2_session_get_last_proc_stream_id(session.pointee.library)
        _ = nghttp2_submit_goaway(
            session.pointee.library, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }
}
