// What the reading of lines comes to, for the two parsers. Not for other modules.
// They turn it into a `HeadParse`.

/// What `FieldTable.read` came to.
enum FieldTableEvent {
    /// The first line is complete; call again for the rest.
    case firstLine(Range<Int>)
    case incomplete
    case complete
    case malformed(HeadError)
}
