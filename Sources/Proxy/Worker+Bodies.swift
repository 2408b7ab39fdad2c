// Bodies on their way: lengths counted down, chunks taken apart and made anew, nothing buffered but what the receiver
// does not take.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

/// What became of some bytes of a body.
struct BodyRelay {
    /// Bytes of the input that belong to the body's framing or content.
    var used = 0
    /// Bytes of content among them.
    var content = 0
    /// The body is complete.
    var isEnded = false
    var fault: HeadError?
}

extension Worker where Loop: ~Copyable {
    /// Sends request body bytes upstream; returns how many were used.
    mutating func forwardBody(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer) -> Int {
        let isDiscarding = client.pointee.flags.contains(.discardsBody)
        if !isDiscarding { aim(client.pointee.upstream) }
        let relay = relayBody(&client.pointee.requestBody, bytes, rechunks: true, isDropped: isDiscarding)
        client.pointee.bytesIn += UInt64(relay.content)
        if let fault = relay.fault {
            client.pointee.fault = fault
            abandonUpstream(client)
            failRequest(client, status: fault.status, .malformedRequest)
            return bytes.count
        }
        if client.pointee.bytesIn > services[Int(client.pointee.service)].bodyBytesMax {
            abandonUpstream(client)
            failRequest(client, status: 413, .bodyTooLarge)
            return bytes.count
        }
        if sendsTooSlowly(client) {
            abandonUpstream(client)
            failRequest(client, status: 408, .clientTooSlow)
            return bytes.count
        }
        keepBody(client, bytes, relay)
        let upstream = upstreams[client.pointee.upstream.index]
        if upstream.pointee.phase == .awaitingHead {
            let timeout = services[Int(client.pointee.service)].timeouts.response
            loop.setDeadline(client.pointee.upstream, loop.now + timeout)
        }
        if client.pointee.requestBody.isDone {
            loop.clearDeadline(client.pointee.handle)
        } else {
            loop.setDeadline(
                client.pointee.handle, loop.now + listeners[Int(client.pointee.listener)].rules.bodyTimeout)
        }
        return relay.used
    }

    /// Keeps body bytes while there is room for all of them.
    private func keepBody(_ client: ClientPointer, _ bytes: UnsafeRawBufferPointer, _ relay: BodyRelay) {
        guard relay.content > 0, !client.pointee.flags.contains(.bodyForgotten) else { return }
        let end = client.pointee.kept.end
        // Only bodies of a stated length are given room, so used bytes are content.
        guard client.pointee.method.isIdempotent, relay.used == relay.content,
            client.pointee.bytesIn <= UInt64(ProxyLimits.replayBodyBytesMax),
            client.pointee.kept.block.count - end >= relay.content
        else {
            client.pointee.flags.insert(.bodyForgotten)
            return
        }
        UnsafeMutableRawBufferPointer(rebasing: client.pointee.kept.block[end...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<relay.content]))
        client.pointee.kept.end += relay.content
    }

    /// Adds the content of `bytes` to the output, in the framing of the receiver.
    mutating func relayBody(
        _ progress: inout BodyProgress, _ bytes: UnsafeRawBufferPointer, rechunks: Bool, isDropped: Bool = false
    ) -> BodyRelay {
        var relay = BodyRelay()
        switch progress {
        case .done: break
        case .length(let left):
            let count = Int(min(left, UInt64(bytes.count)))
            relay.used = count
            relay.content = count
            progress = left == UInt64(count) ? .done : .length(left - UInt64(count))
            if !isDropped { output.add(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
        case .untilClose:
            relay.used = bytes.count
            relay.content = bytes.count
            if rechunks { writeChunkHead(bytes.count) }
            output.add(bytes)
            if rechunks { output.add(ChunkWriter.end) }
        case .chunked(var decoder):
            relay = relayChunks(&decoder, bytes, rechunks: rechunks, isDropped: isDropped)
            progress = relay.isEnded ? .done : .chunked(decoder)
        }
        return relay
    }

    /// All the data in `bytes` becomes one chunk (or several, when it came in very small ones).
    private mutating func relayChunks(
        _ decoder: inout ChunkedDecoder, _ bytes: UnsafeRawBufferPointer, rechunks: Bool, isDropped: Bool
    ) -> BodyRelay {
        var relay = BodyRelay()
        var count = 0
        var size = 0
        while relay.used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[relay.used...])
            switch decoder.next(in: rest) {
            case .data(let range):
                chunkRanges[count] = relay.used + range.lowerBound..<relay.used + range.upperBound
                count += 1
                size += range.count
                relay.content += range.count
                relay.used += range.upperBound
                if count == Self.chunkRangesMax {
                    if !isDropped { emitChunk(bytes, count, size, rechunks: rechunks) }
                    count = 0
                    size = 0
                }
                continue
            case .needMore(let consumed):
                relay.used += consumed
            case .end(let consumed):
                relay.used += consumed
                relay.isEnded = true
            case .malformed(let fault):
                relay.fault = fault
            }
            break
        }
        if !isDropped {
            if count > 0 { emitChunk(bytes, count, size, rechunks: rechunks) }
            if relay.isEnded, rechunks { output.add(ChunkWriter.last) }
        }
        return relay
    }

    private mutating func emitChunk(_ bytes: UnsafeRawBufferPointer, _ count: Int, _ size: Int, rechunks: Bool) {
        if !output.hasRoom || output.count + count + 4 > Output.piecesMax { flush() }
        if rechunks { writeChunkHead(size) }
        for index in 0..<count { output.add(UnsafeRawBufferPointer(rebasing: bytes[chunkRanges[index]])) }
        if rechunks { output.add(ChunkWriter.end) }
    }

    private mutating func writeChunkHead(_ size: Int) {
        var writer = ByteWriter(output.room)
        ChunkWriter.writeHead(size: size, into: &writer)
        output.commit(writer.written.count)
    }
}
