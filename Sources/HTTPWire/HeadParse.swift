// What a parser of heads says.
// What a complete head holds, the parser itself tells.

/// The outcome of looking at the bytes received so far.
package enum HeadParse: Hashable, Sendable {
    /// The head is not complete, and nothing in it is wrong so far.
    case incomplete
    /// The head is the first `headLength` bytes; what follows is body, or the next message.
    case complete(headLength: Int)
    /// The message is refused.
    case malformed(HeadError)
}
