// What stands between the sockets and the session logic: an event loop over another event loop. A layer has the same
// face, so that the session logic cannot tell whether its bytes came through TLS or as a stream of HTTP/2.
//
//     Worker  →  MultiplexLoop (HTTP/2)  →  SecureLoop (PROXY protocol, TLS)  →  EpollLoop or RingLoop
//
// They are in this module, not in `EventLoop`, so that the compiler makes one specialised copy of the whole stack.

import EventLoop
import Glibc
import Vocabulary

/// An event loop whose listeners and connections may be dressed.
protocol LayeredLoop: EventLoop, ~Copyable {
    /// Dresses what is accepted from the listener `token` from here on; `nil`: plain bytes. Connections accepted before
    /// keep what they have.
    mutating func dress(token: UInt32, _ dress: ListenerDress?)

    /// As `EventLoop.connect`; `.connected` comes when the bytes of an HTTP/1.1 request may be sent.
    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, dress: UpstreamDress?, error: inout CInt
    ) -> ConnectionHandle?

    /// The exchange on a connection to a backend is over, and another may follow. Whatever carried it carries nothing
    /// of the next one.
    mutating func endExchange(on connection: ConnectionHandle)

    /// What is known of a client connection or stream, once it is established.
    func facts(of connection: ConnectionHandle) -> ConnectionFacts

    /// Whether a request for `host` (a field value, with or without port) came over a connection whose certificate is
    /// not valid for it while another certificate of the front door is (RFC 9110 §7.4 and §15.5.20). `false` for plain
    /// connections. Of a stream: as of the connection that carries it.
    func isMisdirected(_ connection: ConnectionHandle, host: UnsafeRawBufferPointer) -> Bool

    /// Tells multiplexed clients to open no further streams (GOAWAY). Streams in progress go on.
    mutating func announceDrain()

    /// The same for one client. Nothing happens to one that is not multiplexed.
    mutating func announceDrain(of connection: ConnectionHandle)
}

/// What a connection said before its first application byte. Trivial.
struct ConnectionFacts {
    /// Came through TLS here.
    var isSecure = false
    /// A balancer before us told who the client is: `peerAddress` is another one than at `.accepted`.
    var isHeralded = false
    /// It must begin with a PROXY header, and has not.
    var lacksHeader = false
    /// HTTP/2 was agreed by ALPN. `SecureLoop` tells it of both directions, at `.established` and at `.connected`.
    var isH2 = false
    /// Its TLS session went on from an earlier one.
    var isResumed = false
    /// One stream of a multiplexed connection.
    var isStream = false
    /// The server name of the TLS handshake, valid as long as the connection is open; empty: none.
    var serverName = UnsafeRawBufferPointer(start: nil, count: 0)
}
