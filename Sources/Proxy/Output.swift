// Bytes on their way out during one event: heads are built in a scratch buffer, bodies are pointed at where they were
// received, and all of it leaves in one system call. Loop-confined.

import CKernel
import EventLoop
import Glibc
import HTTPWire

/// The pieces of one send.
struct Output: ~Copyable {
    static let piecesMax = 64
    /// A piece up to this size is copied behind the head, which makes the send a plain one.
    private static let copyBytesMax = 2048

    let pieces: UnsafeMutablePointer<iovec>
    private(set) var count = 0
    private let scratch: UnsafeMutableRawBufferPointer
    private var used = 0
    /// Where the pieces go.
    var target = ConnectionHandle.none

    init() {
        pieces = .allocate(capacity: Self.piecesMax)
        pieces.initialize(repeating: iovec(), count: Self.piecesMax)
        scratch = .allocate(byteCount: 2 * BlockPool.largeBytes, alignment: 64)
    }

    deinit {
        pieces.deallocate()
        scratch.deallocate()
    }

    /// Whether a further head and a few pieces have room.
    var hasRoom: Bool { count + 4 <= Self.piecesMax && used + BlockPool.largeBytes <= scratch.count }

    /// Where to build a head; then `commit`.
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: scratch[used...]) }

    /// Adds the first `size` bytes of `room`.
    mutating func commit(_ size: Int) {
        guard size > 0 else { return }
        precondition(size <= scratch.count - used)
        let start = scratch.baseAddress! + used
        used += size
        if count > 0, endOfLast == start {
            pieces[count - 1].iov_len += size
        } else {
            precondition(count < Self.piecesMax)
            pieces[count] = iovec(iov_base: start, iov_len: size)
            count += 1
        }
    }

    /// Adds bytes that stay where they are until the send. The caller made sure of `hasRoom`.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        if bytes.count <= min(Self.copyBytesMax, scratch.count - used),
            count == 0 || endOfLast == scratch.baseAddress! + used
        {
            room.copyMemory(from: bytes)
            commit(bytes.count)
            return
        }
        precondition(count < Self.piecesMax)
        pieces[count] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress!), iov_len: bytes.count)
        count += 1
    }

    mutating func add(_ text: StaticString) {
        add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func clear() {
        count = 0
        used = 0
    }

    private var endOfLast: UnsafeMutableRawPointer { pieces[count - 1].iov_base + pieces[count - 1].iov_len }
}
