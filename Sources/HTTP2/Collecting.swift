// What a connection has to send, gathered into one buffer, so that it leaves in one call.

import CNghttp2
import HTTPWire

extension Multiplexer {
    /// The largest frame that libnghttp2 hands out at once, with some room: HEADERS are split at 16 KiB.
    private static var frameRoom: Int { 20 * 1024 }

    /// Bytes that the session's connection is to send now; valid until the next call. Empty: none. Call it until it is.
    package func collect(_ session: SessionPointer) -> UnsafeRawBufferPointer {
        core.pointee.outputCount = 0
        core.pointee.isOutputFull = false
        let output = core.pointee.output
        while !core.pointee.isOutputFull, output.count - core.pointee.outputCount >= Self.frameRoom {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session.pointee.library, &frame)
            guard count > 0, let frame, count <= output.count - core.pointee.outputCount else {
                // Out of memory, or a frame of a size that was never allowed.
                if count != 0 { session.pointee.flags.insert(.isBroken) }
                break
            }
            (output.baseAddress! + core.pointee.outputCount).copyMemory(from: frame, byteCount: count)
            core.pointee.outputCount += count
        }
        return UnsafeRawBufferPointer(rebasing: output[..<core.pointee.outputCount])
    }
}

extension UnsafeMutablePointer where Pointee == Core {
    /// Puts a DATA frame into the output: the header that libnghttp2 made, and bytes of the outbox.
    func sendData(
        _ session: SessionPointer, _ frame: UnsafePointer<nghttp2_frame>, _ header: UnsafePointer<UInt8>, _ length: Int,
        _ source: UnsafePointer<nghttp2_data_source>
    ) -> Int32 {
        guard let stream = source.pointee.ptr?.assumingMemoryBound(to: Stream.self) else { return 0 }
        let headerBytes = 9
        let start = pointee.outputCount
        guard pointee.output.count - start >= headerBytes + length else {
            pointee.isOutputFull = true
            return NGHTTP2_ERR_WOULDBLOCK.rawValue
        }
        let room = pointee.output.baseAddress! + start
        room.copyMemory(from: header, byteCount: headerBytes)
        stream.pointee.outbox.take(length, to: room + headerBytes, &pointee.blocks)
        pointee.outputCount = start + headerBytes + length
        stream.pointee.sent &+= UInt64(length)
        session.pointee.sent &+= UInt64(length)
        if stream.pointee.flags.contains(.isCongested), stream.pointee.outbox.count <= HTTP2Limits.outboxBytesLow {
            stream.pointee.flags.remove(.isCongested)
            tell(.drained, stream)
        }
        return 0
    }
}
