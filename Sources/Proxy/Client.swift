// What a worker keeps per client connection: the state of the exchange in progress. Trivial, so that reading and
// writing it counts no references; idle connections hold no block.

import EventLoop
import HTTPWire
import Routing
import Vocabulary

/// How far a body has been relayed.
enum BodyProgress {
    /// None, or all of it.
    case done
    case length(UInt64)
    case chunked(ChunkedDecoder)
    case untilClose

    init(_ framing: BodyFraming) {
        switch framing {
        case .none, .length(0): self = .done
        case .length(let count): self = .length(count)
        case .chunked: self = .chunked(ChunkedDecoder())
        case .untilClose: self = .untilClose
        }
    }

    var isDone: Bool {
        if case .done = self { true } else { false }
    }

    /// Counts bytes of a body with a stated length that were not seen here.
    mutating func skip(_ count: Int) {
        guard case .length(let left) = self else { return }
        self = left > UInt64(count) ? .length(left - UInt64(count)) : .done
    }
}

/// Bytes in a lent block.
struct Stash {
    var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var start = 0
    var end = 0

    var isEmpty: Bool { start == end }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: block[start..<end]) }
}

/// A place in a block.
struct Span {
    var start: UInt32 = 0
    var count: UInt32 = 0

    init() {}

    init(start: Int, count: Int) {
        // Blocks are far smaller than 4 GiB.
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: count)
    }
}

/// Since when, and from which count of bytes, a rate is measured.
struct RateWindow {
    var began = Instant.zero
    var mark: UInt64 = 0

    /// Whether the bytes since then are fewer than the rules ask for.
    func isTooSlow(_ bytes: UInt64, _ rules: borrowing ListenerRules, now: Instant) -> Bool {
        let elapsed = now - began
        guard rules.bytesPerSecondMin.bytes > 0, elapsed > rules.rateGrace else { return false }
        let milliseconds = (elapsed - rules.rateGrace) / .milliseconds(1)
        return Double(bytes &- mark) < Double(rules.bytesPerSecondMin.bytes) * milliseconds / 1000
    }
}

/// A client connection. One exchange at a time; pipelined requests wait in `stash`.
struct Client {
    /// Successors: (waiting →) (greeting →) multiplexed → lingering → gone, or (waiting →) (greeting → | hello →) idle →
    /// head → (held ⇄ connecting) → exchanging → idle | tunneling | lingering → gone.
    enum Phase: UInt8 {
        case free
        /// Came when the listener was full: nothing is read before another one leaves.
        case waiting
        /// What comes before the first request is in progress: a PROXY header, a TLS handshake.
        case greeting
        /// HTTP/2: its streams are clients of their own.
        case multiplexed
        /// A part of a ClientHello, which is not for us, is in `stash`.
        case hello
        /// Between requests: nothing of the next one has come.
        case idle
        /// A part of a head is in `stash`.
        case head
        /// In the hold queue of its service.
        case held
        /// An upstream connection is being made; nothing of the request was sent.
        case connecting
        /// The request's head was sent upstream and the response has not ended.
        case exchanging
        /// Bytes both ways until both ends closed.
        case tunneling
        /// We are done; what the client still sends is thrown away until it closes.
        case lingering
    }

    struct Flags: OptionSet {
        let rawValue: UInt32
        /// The connection may carry another request after this one.
        static let keepAlive = Flags(rawValue: 1 << 0)
        static let isHTTP11 = Flags(rawValue: 1 << 1)
        static let isUpgrade = Flags(rawValue: 1 << 2)
        static let expectsContinue = Flags(rawValue: 1 << 3)
        /// TCP mode: no heads, one exchange, which is a tunnel.
        static let isTCP = Flags(rawValue: 1 << 4)
        /// A final response head was sent to the client.
        static let responseBegun = Flags(rawValue: 1 << 5)
        /// The client will send no more.
        static let inputEnded = Flags(rawValue: 1 << 6)
        /// The response goes out in chunks.
        static let rechunks = Flags(rawValue: 1 << 8)
        /// Body bytes were sent upstream that were not kept: the request can't be sent again.
        static let bodyForgotten = Flags(rawValue: 1 << 9)
        /// A stale pooled connection was met: the next attempt makes a new one, and there is no second such grace.
        static let needsFresh = Flags(rawValue: 1 << 10)
        /// Counted in the gauges of its service.
        static let isCounted = Flags(rawValue: 1 << 11)
        /// The client said it would send no further request.
        static let clientCloses = Flags(rawValue: 1 << 12)
        /// The last attempt could not connect.
        static let connectFailed = Flags(rawValue: 1 << 13)
        static let connectTimedOut = Flags(rawValue: 1 << 14)
        /// A request is in progress: it will get a log line.
        static let hasRequest = Flags(rawValue: 1 << 15)
        /// The rest of the request body goes nowhere: the backend answered without it.
        static let discardsBody = Flags(rawValue: 1 << 17)
        /// Came through TLS here.
        static let isSecure = Flags(rawValue: 1 << 18)
        /// One stream of an HTTP/2 connection: one exchange, and no connection of its own.
        static let isStream = Flags(rawValue: 1 << 19)
        /// The client takes trailers.
        static let acceptsTrailers = Flags(rawValue: 1 << 24)
        /// Trailers of the request go to the backend.
        static let sendsTrailers = Flags(rawValue: 1 << 25)
        /// Trailers of the response go to the client.
        static let returnsTrailers = Flags(rawValue: 1 << 26)
        /// The last attempt found no descriptor for its connection.
        static let outOfDescriptors = Flags(rawValue: 1 << 28)
    }

    var handle = ConnectionHandle.none
    var upstream = ConnectionHandle.none
    /// Of a stream: the connection that carries it.
    var parent = ConnectionHandle.none
    /// Of a multiplexed connection: its streams open now.
    var streamCount: UInt32 = 0
    /// Of a multiplexed connection: by when it must have a stream again, while it has none; and by when the head that
    /// is half there must be whole.
    var idleEnd = Instant.zero
    var headEnd: Instant?
    var phase = Phase.free
    var flags: Flags = []
    var listener: Int32 = 0
    var progress = HeadProgress()
    /// Received and not yet used: a partial head, a body that waits, or pipelined requests.
    var stash = Stash()

    // The request in progress.
    /// Its head as it came, our id behind it, and a short body behind that.
    var kept = Stash()
    /// The trailer section of the request, as far as it has come.
    var trailers = Stash()
    /// Bytes of the head in `kept`.
    var headLength: UInt32 = 0
    /// Where the kept body begins.
    var keptBodyStart: UInt32 = 0
    var method = Method.get
    var methodText = Span()
    var path = Span()
    var host = Span()
    var requestID = Span()
    var requestBody = BodyProgress.done
    var responseBody = BodyProgress.done
    var service: Int32 = -1
    /// Of the current or last attempt; -1: none yet.
    var backend: Int32 = -1
    /// Of the table by which that backend was chosen.
    var revision: UInt64 = 0
    var status: UInt16 = 0
    var reason = Reason.none
    var fault: HeadError?
    var interimResponses: UInt8 = 0
    var attempts: UInt8 = 0
    /// Attempts that could not connect since the request was last held.
    var connectAttempts: UInt8 = 0
    /// Why the last attempt failed after it was connected.
    var lastFailure = Reason.none
    /// Retries after something had been sent: these are bounded by the service's rules.
    var retries: UInt8 = 0
    var triedCount: UInt8 = 0
    /// Slot of each attempt's backend, and its id, in case the slot is used anew meanwhile.
    var tried = (
        AttemptedBackend(), AttemptedBackend(), AttemptedBackend(), AttemptedBackend(), AttemptedBackend(),
        AttemptedBackend(), AttemptedBackend(), AttemptedBackend()
    )
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var begun = Instant.zero
    var chosen = Instant.zero
    var connected = Instant.zero
    var answered = Instant.zero
    /// Requests that came on this connection.
    var requests: UInt32 = 0
    /// What its address counts under; 0: it does not count.
    var addressKey: UInt64 = 0
    /// Of the request's body.
    var bodyRate = RateWindow()
    /// The same for the response that it does not take fast enough.
    var readRate = RateWindow()
    /// What the client had acknowledged when the last deadline was set: progress of a slow reader.
    var sentMark: UInt64 = 0
    var lingerBytes = 0
    /// Its neighbours in the `ClientQueue` it waits in.
    var queueNext = UInt32.max
    var queuePrevious = UInt32.max

    /// Forgets the request in progress, not the connection.
    mutating func forgetRequest() {
        flags.formIntersection([.isHTTP11, .keepAlive, .isTCP, .inputEnded, .clientCloses, .isSecure, .isStream])
        requestBody = .done
        responseBody = .done
        service = -1
        backend = -1
        revision = 0
        status = 0
        reason = .none
        fault = nil
        interimResponses = 0
        attempts = 0
        retries = 0
        connectAttempts = 0
        lastFailure = .none
        triedCount = 0
        bytesIn = 0
        bytesOut = 0
    }
}

/// A backend that a request was tried on.
struct AttemptedBackend {
    var slot: Int32 = -1
    var id: UInt32 = 0
    /// Could not connect or failed: not to be chosen again for this request.
    var isFailed = false
}

extension Client {
    /// The attempts made, for reading and writing.
    static func tried(_ client: UnsafeMutablePointer<Client>) -> UnsafeMutablePointer<AttemptedBackend> {
        let offset = MemoryLayout<Client>.offset(of: \Client.tried)!
        return (UnsafeMutableRawPointer(client) + offset).assumingMemoryBound(to: AttemptedBackend.self)
    }
}

/// A client's address as text, made once per connection: `192.0.2.7:4711`, `[2001:db8::1]:4711` or `unix:`.
struct PeerText {
    static let capacity = 56
    // 56 bytes: an IPv6 address has at most 45, and the brackets, the colon and the port 8.
    private var storage: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
    /// The whole text.
    var count: UInt8 = 0
    /// The address alone, without brackets and port.
    var addressStart: UInt8 = 0
    var addressCount: UInt8 = 0
    /// The same as a value; `nil` for a unix socket.
    var address: IPAddress?
    var port: UInt16 = 0

    static func bytes(_ text: UnsafeMutablePointer<PeerText>) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(text)
    }

    static func whole(_ text: UnsafeMutablePointer<PeerText>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes(text), count: Int(text.pointee.count))
    }

    static func address(_ text: UnsafeMutablePointer<PeerText>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: bytes(text) + Int(text.pointee.addressStart), count: Int(text.pointee.addressCount))
    }
}
