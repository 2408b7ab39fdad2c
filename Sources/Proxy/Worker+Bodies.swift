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
        var hasStatedLength = false
        if case .length = client.pointee.requestBody { hasStatedLength = true }
        let relay = relayBody(
            &client.pointee.requestBody, bytes, rechunks: true, isDropped: isDiscarding,
            trailers: &client.pointee.trailers,
            trailersFrom: client.pointee.flags.contains(.sendsTrailers) ? .client : nil)
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
        keepBody(client, bytes, relay, hasStatedLength: hasStatedLength)
        guard bodyWent(client) else { return bytes.count }
        spliceRequest(client)
        return relay.used
    }

    /// A part of the body went: how long to wait for the rest, or for the answer. `false` when it came too slowly, and
    /// that was the end of it.
    mutating func bodyWent(_ client: ClientPointer) -> Bool {
        if sendsTooSlowly(client) {
            abandonUpstream(client)
            failRequest(client, status: 408, .clientTooSlow)
            return false
        }
        let upstream = upstreams[client.pointee.upstream.index]
        if upstream.pointee.phase == .awaitingHead {
            let timeout = services[Int(client.pointee.service)].timeouts.response
            loop.setDeadline(client.pointee.upstream, loop.now + timeout)
            if loop.isCongested(client.pointee.upstream) {
                upstream.pointee.deliveredMark = loop.deliveredBytes(client.pointee.upstream)
            }
        }
        if client.pointee.requestBody.isDone {
            loop.clearDeadline(client.pointee.handle)
        } else {
            loop.setDeadline(
                client.pointee.handle, loop.now + bodyTime(client))
        }
        return true
    }

    /// Keeps body bytes while there is room for all of them.
    ///
    /// Only of bodies with a stated length. A chunked one is forgotten with its first byte, content or not: kept content
    /// without its chunk heads would be taken for chunk heads when it is sent again.
    private func keepBody(
        _ client: ClientPointer, _ bytes: UnsafeRawBufferPointer, _ relay: BodyRelay, hasStatedLength: Bool
    ) {
        guard relay.used > 0, !client.pointee.flags.contains(.bodyForgotten) else { return }
        let end = client.pointee.kept.end
        guard hasStatedLength,
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

    /// Adds the content of `bytes` to the output, in the framing of the receiver. `trailers` collects the trailer
    /// section; `trailersFrom`: whose they are when they go on.
    mutating func relayBody(
        _ progress: inout BodyProgress, _ bytes: UnsafeRawBufferPointer, rechunks: Bool, isDropped: Bool = false,
        trailers: inout Stash, trailersFrom: TrailerSection.Origin?
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
            relay = relayChunks(
                &decoder, bytes, rechunks: rechunks, isDropped: isDropped, trailers: &trailers,
                keepsTrailers: trailersFrom != nil)
            if relay.isEnded, rechunks, !isDropped { endChunks(&trailers, from: trailersFrom) }
            progress = relay.isEnded ? .done : .chunked(decoder)
        }
        return relay
    }

    /// All the data in `bytes` becomes one chunk (or several, when it came in very small ones).
    private mutating func relayChunks(
        _ decoder: inout ChunkedDecoder, _ bytes: UnsafeRawBufferPointer, rechunks: Bool, isDropped: Bool,
        trailers: inout Stash, keepsTrailers: Bool
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
            case .trailer(let range):
                let lines = UnsafeRawBufferPointer(rebasing: rest[range])
                // The decoder bounds the section to far less than a block.
                if keepsTrailers, !isDropped, !append(lines, to: &trailers) { relay.fault = .trailerTooLarge }
                relay.used += range.upperBound
                if relay.fault == nil { continue }
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
        if !isDropped, count > 0 { emitChunk(bytes, count, size, rechunks: rechunks) }
        return relay
    }

    /// The last chunk, the trailers that may go on, and the empty line.
    private mutating func endChunks(_ trailers: inout Stash, from origin: TrailerSection.Origin?) {
        guard let origin, !trailers.isEmpty else { return output.add(ChunkWriter.last) }
        if !output.hasRoom { flush() }
        var writer = ByteWriter(output.room)
        writer.append("0\r\n")
        TrailerSection.write(trailers.bytes, from: origin, into: &writer)
        writer.append("\r\n")
        precondition(!writer.isOverflowed, "a trailer section outgrew the output buffer")
        output.commit(writer.count)
        giveBack(&trailers)
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
