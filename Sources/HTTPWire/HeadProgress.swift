// What a connection remembers between two reads of the same head.
// The parsers belong to a thread, this belongs to a connection.

/// How far a head has been read: 12 bytes that a connection keeps while its head is `.incomplete`, so that one parser
/// can serve many connections and a head that comes byte by byte is still read only twice.
///
/// Start each head with a new one. Valid only as long as the bytes seen before stay the same and the buffer still
/// begins with the same head (it may move in memory).
package struct HeadProgress: Hashable, Sendable {
    /// Start of the first line that is not complete.
    var lineStart: UInt32 = 0
    /// Up to here there is no line end and nothing forbidden.
    var scanned: UInt32 = 0
    /// Complete lines before `lineStart`, the first line included.
    var lines: UInt32 = 0

    package init() {}

    init(lineStart: Int, lines: UInt32) {
        self.lineStart = UInt32(truncatingIfNeeded: lineStart)
        scanned = self.lineStart
        self.lines = lines
    }
}
