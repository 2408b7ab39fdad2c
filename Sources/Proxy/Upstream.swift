// What a worker keeps per connection to a backend. Trivial, like `Client`.

import EventLoop
import HTTPWire
import Vocabulary

/// A connection to a backend: being made, at work for one client, or idle in its backend's pool.
struct Upstream {
    enum Phase: UInt8 {
        case free
        case connecting
        /// Waits for (the rest of) a response head.
        case awaitingHead
        /// Relays a response body.
        case body
        case tunneling
        /// In the pool.
        case idle
    }

    var handle = ConnectionHandle.none
    var client = ConnectionHandle.none
    var phase = Phase.free
    /// Carried a request before the current one.
    var isReused = false
    /// The response says that this connection carries no further request.
    var closesAfter = false
    /// Tunnel: the backend will send no more.
    var inputEnded = false
    var backend: Int32 = -1
    var progress = HeadProgress()
    /// A partial response head; behind it, the trailer section of the response, as far as it has come.
    var stash = Stash()
    /// `sentBytes` when the request in progress began: unchanged means that nothing of it was sent.
    var sentMark: UInt64 = 0
    /// `deliveredBytes` when the backend was last seen to be slow with what it is sent.
    var deliveredMark: UInt64 = 0
    /// When it last came into the pool.
    var idleSince = Instant.zero
    /// Neighbours in the pool.
    var poolNext = UInt32.max
    var poolPrevious = UInt32.max
}
