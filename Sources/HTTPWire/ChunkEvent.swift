// What a decoder of the chunked coding says.
// For the machine itself see `ChunkedDecoder`.

/// What the next bytes of a chunked body are. Offsets are into the bytes given.
package enum ChunkEvent: Hashable, Sendable {
    /// These bytes are content, never none. Everything before them is dealt with; go on behind them.
    case data(Range<Int>)
    /// These bytes, never none, belong to the trailer section: parts of field lines, checked, each with its CRLF.
    /// `TrailerSection` says which of them go on.
    case trailer(Range<Int>)
    /// All `consumed` bytes, that is all that were given, are dealt with; more have to come.
    case needMore(consumed: Int)
    /// The body, trailers included, ended after `consumed` bytes; what follows is the next message.
    case end(consumed: Int)
    /// The body is refused; its connection has lost its framing.
    case malformed(HeadError)
}
