// The buffers that an io_uring receives into: many of a size that fits a request, few that fit a whole receive of a
// large body. Buffers have one numbering; the system takes them, the loop gives them back.

import CKernel
import Glibc

/// A value that names shared memory: copies name the same buffers. Loop-confined.
struct ReceiveBuffers {
    /// What is known of a buffer that arrived.
    struct Note: BitwiseCopyable {
        var count: UInt32 = 0
        /// The next one of the same slot.
        var next: UInt32 = .max
    }

    static let smallGroup: UInt16 = 0
    static let bigGroup: UInt16 = 1

    private let small: UnsafeMutablePointer<ring_buffers>
    private let big: UnsafeMutablePointer<ring_buffers>
    let notes: UnsafeMutablePointer<Note>

    private static var total: Int { LoopLimits.smallBuffers + LoopLimits.bigBuffers }

    init(_ ring: UnsafeMutablePointer<CKernel.ring>) throws(EventLoopError) {
        small = .allocate(capacity: 1)
        big = .allocate(capacity: 1)
        notes = .allocate(capacity: Self.total)
        notes.initialize(repeating: Note(), count: Self.total)
        var result = ring_buffers_open(
            ring, small, Self.smallGroup, UInt32(LoopLimits.smallBuffers), UInt32(LoopLimits.smallBufferBytes))
        if result == 0 {
            result = ring_buffers_open(
                ring, big, Self.bigGroup, UInt32(LoopLimits.bigBuffers), UInt32(LoopLimits.receiveBytesMax))
            if result != 0 { ring_buffers_close(small) }
        }
        guard result == 0 else {
            small.deallocate()
            big.deallocate()
            notes.deallocate()
            throw EventLoopError(
                errno: -result, operation: "IORING_REGISTER_PBUF_RING",
                hint: "Linux 6.1 or later has what is needed; use --engine epoll")
        }
        for buffer in 0..<UInt32(Self.total) { give(buffer) }
        publish()
    }

    /// After the ring was closed.
    func free() {
        ring_buffers_close(small)
        ring_buffers_close(big)
        small.deallocate()
        big.deallocate()
        notes.deallocate()
    }

    /// The number of the buffer that a completion brought.
    @inline(__always)
    func number(_ completion: ring_completion, isBig: Bool) -> UInt32 {
        (completion.flags >> UInt32(ring_buffer_shift)) + (isBig ? UInt32(LoopLimits.smallBuffers) : 0)
    }

    @inline(__always)
    func bytes(_ buffer: UInt32) -> UnsafeRawBufferPointer {
        let count = Int(notes[Int(buffer)].count)
        return UnsafeRawBufferPointer(start: base(buffer), count: count)
    }

    private func base(_ buffer: UInt32) -> UnsafeRawPointer {
        let number = Int(buffer)
        return number < LoopLimits.smallBuffers
            ? UnsafeRawPointer(small.pointee.bytes + number * LoopLimits.smallBufferBytes)
            : UnsafeRawPointer(big.pointee.bytes + (number - LoopLimits.smallBuffers) * LoopLimits.receiveBytesMax)
    }

    /// Gives a buffer back. The system sees it after `publish`.
    @inline(__always)
    func give(_ buffer: UInt32) {
        if buffer < UInt32(LoopLimits.smallBuffers) {
            ring_buffers_give(small, UInt16(truncatingIfNeeded: buffer))
        } else {
            ring_buffers_give(big, UInt16(truncatingIfNeeded: buffer - UInt32(LoopLimits.smallBuffers)))
        }
    }

    func publish() {
        ring_buffers_publish(small)
        ring_buffers_publish(big)
    }
}

extension UnsafeMutablePointer where Pointee == ReceiveBuffers.Note {
    @inline(__always)
    subscript(buffer: UInt32) -> ReceiveBuffers.Note {
        get { self[Int(buffer)] }
        nonmutating set { self[Int(buffer)] = newValue }
    }
}
