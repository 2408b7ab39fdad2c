// Takes the chunked coding apart (RFC 9112 §7.1), byte by byte, with nothing kept but a few numbers. Extensions and
// trailers are checked, bounded and dropped: whoever forwards the data chunks anew with `ChunkWriter`.

/// What the next bytes of a chunked body are. Offsets are into the bytes given.
package enum ChunkEvent: Hashable, Sendable {
    /// These bytes are content, never none. Everything before them is dealt with; go on behind them.
    case data(Range<Int>)
    /// All `consumed` bytes, that is all that were given, are dealt with; more have to come.
    case needMore(consumed: Int)
    /// The body, trailers included, ended after `consumed` bytes; what follows is the next message.
    case end(consumed: Int)
    /// The body is refused; its connection has lost its framing.
    case malformed(HeadError)
}

/// Decodes one chunked body. A tiny value that a connection keeps; start each body with a new one.
package struct ChunkedDecoder: Hashable, Sendable {
    package init() {}

    /// The next event in `bytes`, which begin where the last event ended. After `.end` or `.malformed` it is spent and
    /// repeats that answer with nothing consumed.
    package mutating func next(in bytes: UnsafeRawBufferPointer) -> ChunkEvent {
        .needMore(consumed: bytes.count)
    }
}
