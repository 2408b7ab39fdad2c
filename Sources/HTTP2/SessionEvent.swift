// What a multiplexer tells, in the words of HTTP/1.1 connections.

/// One thing that happened. `bytes` are valid until the next call of `Multiplexer.next` or `receive`.
package struct SessionEvent {
    package enum Kind: UInt8 {
        /// A client opened `stream`; `Multiplexer.adopt` gives it an owner.
        case opened
        /// `bytes` of the HTTP/1.1 message that the peer sends on `stream`.
        case received
        /// The tunnel's peer sends no more.
        case ended
        /// The stream was reset, or its connection ended, before it was complete. See `isRefused`.
        case broken
        /// The stream has room again.
        case drained
    }

    package var kind = Kind.ended
    package var stream: StreamPointer?
    package var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// `.broken`: the peer has done nothing for this request (RFC 9113 §8.7).
    package var isRefused = false
    /// `.broken`: nothing was sent, because the peer takes no tunnels.
    package var lacksTunnels = false

    package init() {}
}

/// An event that waits to be told.
struct QueuedEvent {
    enum Source: UInt8 {
        case none
        case arena
        /// Where the bytes were received.
        case input
        case inbox
    }

    var kind = SessionEvent.Kind.ended
    var source = Source.none
    var isRefused = false
    var stream: StreamPointer?
    var generation: UInt32 = 0
    var start = 0
    var count = 0
    var input: UnsafeRawPointer?
    /// DATA bytes that the peer may send again once the session has these.
    var window = 0
}

/// A growing first-in first-out list of events. Loop-confined.
struct EventList: ~Copyable {
    private var base: UnsafeMutablePointer<QueuedEvent>
    private var capacity = 256
    private var first = 0
    private var end = 0

    init() {
        base = .allocate(capacity: capacity)
        base.initialize(repeating: QueuedEvent(), count: capacity)
    }

    deinit {
        base.deallocate()
    }

    var isEmpty: Bool { first == end }

    /// The newest one, if any waits.
    var last: UnsafeMutablePointer<QueuedEvent>? { first == end ? nil : base + (end - 1) }

    mutating func append(_ event: QueuedEvent) {
        if end == capacity { makeRoom() }
        base[end] = event
        end += 1
    }

    mutating func popFirst() -> QueuedEvent? {
        guard first < end else { return nil }
        let event = base[first]
        first += 1
        if first == end {
            first = 0
            end = 0
        }
        return event
    }

    private mutating func makeRoom() {
        let count = end - first
        if first > capacity / 2 {
            base.update(from: base + first, count: count)
        } else {
            let wider = UnsafeMutablePointer<QueuedEvent>.allocate(capacity: capacity * 2)
            wider.initialize(repeating: QueuedEvent(), count: capacity * 2)
            wider.update(from: base + first, count: count)
            base.deallocate()
            base = wider
            capacity *= 2
        }
        first = 0
        end = count
    }
}
