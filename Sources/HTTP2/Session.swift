// What is kept per HTTP/2 connection. Trivial; made and freed by `Multiplexer`.

import Vocabulary

package typealias SessionPointer = UnsafeMutablePointer<Session>

/// One HTTP/2 connection: a libnghttp2 session, its streams, and what it has been counted for.
package struct Session {
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let isServer = Flags(rawValue: 1 << 0)
        /// A budget is spent: nothing of it is listened to any more.
        static let isCondemned = Flags(rawValue: 1 << 1)
        /// libnghttp2 gave up.
        static let isBroken = Flags(rawValue: 1 << 2)
        /// GOAWAY with the highest id was sent.
        static let isDraining = Flags(rawValue: 1 << 3)
        /// The final GOAWAY was sent.
        static let isLeaving = Flags(rawValue: 1 << 4)
        /// The peer sent GOAWAY (client).
        static let peerIsLeaving = Flags(rawValue: 1 << 5)
        /// Sends `https` as scheme (client).
        static let isSecure = Flags(rawValue: 1 << 6)
        /// The peer's SETTINGS have come.
        static let isGreeted = Flags(rawValue: 1 << 7)
    }

    /// The head that is being received, if any.
    struct Assembly {
        enum Kind: UInt8 {
            case none
            case request
            case response
            case trailers
            /// Of a stream that nobody wants.
            case ignored
        }

        var kind = Kind.none
        var stream: StreamPointer?
        /// In the arena: where the text of this head begins; pseudo field values come first.
        var start = 0
        /// In the arena: where the request line begins; -1: not written yet.
        var lineStart = -1
        /// Relative to `start`.
        var method = 0..<0
        var path = 0..<0
        var authority = 0..<0
        var `protocol` = 0..<0
        var hasAuthority = false
        var hasLength = false
        /// The line that states it, relative to `start`.
        var lengthLine = 0..<0
        /// Trailers are to be expected: a `Trailer` field, or a response of gRPC.
        var announcesTrailers = false
        /// Extended CONNECT for WebSocket.
        var isTunnel = false
        var isTooLong = false
        var wantsTrailers = false
        var status = 0
        var continuations = 0
        /// The frame that ends it has begun: END_HEADERS.
        var hasLastFrame = false
        /// Its text is in `partial` and `partialCrumbs`, not in the arenas.
        var isSuspended = false
        /// Of a response; -1: not stated.
        var length: Int64 = -1
        /// In the arena of crumbs.
        var cookieStart = 0
    }

    let core: UnsafeMutablePointer<Core>
    /// The owner's name for it.
    package let owner: UInt64
    var library: OpaquePointer
    var flags: Flags
    var guardian = FloodGuard()
    var assembly = Assembly()
    /// Heads that were begun; wraps.
    package internal(set) var headCount: UInt32 = 0
    /// The text of a head of which more is to come, between two receives.
    var partial = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var partialCrumbs = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var streams: StreamPointer?
    /// Records of streams, those on their own included.
    package internal(set) var streamCount = 0
    /// Streams that end without an owner and are not yet through.
    package internal(set) var orphanCount = 0
    /// DATA bytes handed out: progress of a slow peer.
    package internal(set) var sent: UInt64 = 0

    package var isServer: Bool { flags.contains(.isServer) }
    /// The peer broke a budget.
    package var isCondemned: Bool { flags.contains(.isCondemned) }
    package var isDraining: Bool { flags.contains(.isDraining) }
    /// A part of a head has come, and not its end.
    package var isWithinHead: Bool { assembly.kind != .none }
    /// The peer has said what it takes.
    package var isGreeted: Bool { flags.contains(.isGreeted) }
}
