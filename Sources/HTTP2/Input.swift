// Bodies that are received, and how everything that was received is told.

import CNghttp2
import HTTPWire

extension UnsafeMutablePointer where Pointee == Core {
    func receiveBody(_ session: SessionPointer, _ id: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let stream = stream(session, id), !session.pointee.isCondemned,
            stream.pointee.flags.isDisjoint(with: [.inputDropped, .isReset])
        else {
            _ = nghttp2_session_consume(session.pointee.library, id, bytes.count)
            return
        }
        if stream.pointee.inputLeft > 0 { stream.pointee.inputLeft -= Int64(bytes.count) }
        if stream.pointee.flags.contains(.inputChunked) {
            beginText(stream)
            pointee.arena.append(hexadecimal: bytes.count)
            pointee.arena.append("\r\n")
            pointee.arena.append(bytes)
            pointee.arena.append("\r\n")
            endText(window: bytes.count)
        } else if bytes.count <= HTTP2Limits.joinBytesMax {
            beginText(stream)
            pointee.arena.append(bytes)
            endText(window: bytes.count)
        } else {
            tellInput(stream, bytes)
        }
    }

    private func tellInput(_ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) {
        var event = QueuedEvent()
        event.kind = .received
        event.source = .input
        event.stream = stream
        event.generation = stream.pointee.generation
        event.input = bytes.baseAddress
        event.count = bytes.count
        event.window = bytes.count
        pointee.events.append(event)
    }

    /// END_STREAM, without trailers.
    func endInput(_ stream: StreamPointer) {
        stream.pointee.flags.insert(.inputEnded)
        if stream.pointee.flags.contains(.inputDropped) { return }
        if stream.pointee.flags.contains(.inputChunked) {
            beginText(stream)
            pointee.arena.append("0\r\n\r\n")
            endText()
        } else if stream.pointee.flags.contains(.isTunnel) {
            tell(.ended, stream)
        }
    }
}

extension Multiplexer {
    /// Turns a queued event into a told one; `false` when there is nothing to tell.
    func tell(_ queued: QueuedEvent, _ event: inout SessionEvent) -> Bool {
        guard let stream = queued.stream else { return false }
        switch queued.kind {
        case .opened:
            guard !stream.pointee.flags.contains(.isGone) else {
                core.free(stream)
                return false
            }
            // Its connection is about to end, and it with it.
            if stream.pointee.session?.pointee.isCondemned == true { return false }
            stream.pointee.flags.insert(.isTold)
            return true
        case .broken:
            event.lacksTunnels = stream.pointee.flags.contains(.lacksTunnels)
            return stream.pointee.owner != 0
        case .drained:
            return stream.pointee.owner != 0 && !stream.pointee.flags.contains(.isCongested)
        case .ended:
            if !stream.pointee.inbox.isEmpty || stream.pointee.flags.contains(.isPaused) {
                stream.pointee.flags.insert(.endWaits)
                return false
            }
            return stream.pointee.owner != 0
        case .received:
            return queued.source == .inbox ? tellInbox(stream, &event) : tellBytes(queued, stream, &event)
        }
    }

    private func tellBytes(_ queued: QueuedEvent, _ stream: StreamPointer, _ event: inout SessionEvent) -> Bool {
        guard stream.pointee.owner != 0 else {
            core.consume(stream, queued.window)
            return false
        }
        let bytes =
            queued.source == .arena
            ? core.pointee.arena.bytes(queued.start..<queued.start + queued.count)
            : UnsafeRawBufferPointer(start: queued.input, count: queued.count)
        if stream.pointee.flags.contains(.isPaused) || !stream.pointee.inbox.isEmpty {
            stream.pointee.inbox.append(bytes, &core.pointee.blocks)
            stream.pointee.inboxWindow += queued.window
            return false
        }
        core.consume(stream, queued.window)
        event.bytes = bytes
        return bytes.count > 0
    }

    /// Tells the first block of what waited, and then the rest.
    private func tellInbox(_ stream: StreamPointer, _ event: inout SessionEvent) -> Bool {
        guard stream.pointee.owner != 0, !stream.pointee.flags.contains(.isPaused) else { return false }
        guard let (block, bytes) = stream.pointee.inbox.takeBlock() else {
            guard stream.pointee.flags.contains(.endWaits) else { return false }
            stream.pointee.flags.remove(.endWaits)
            event.kind = .ended
            return true
        }
        core.pointee.toldBlock = block
        let window =
            stream.pointee.inbox.isEmpty ? stream.pointee.inboxWindow : min(stream.pointee.inboxWindow, bytes.count)
        stream.pointee.inboxWindow -= window
        core.consume(stream, window)
        if !stream.pointee.inbox.isEmpty || stream.pointee.flags.contains(.endWaits) { core.tellInbox(stream) }
        event.bytes = bytes
        return true
    }
}
