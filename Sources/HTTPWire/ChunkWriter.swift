// Writes the chunked coding (RFC 9112 §7.1): a head, the data (by the caller), an end; then the last chunk.
// Not for deciding whether a body is chunked: see `HeadRewriter.downstreamFraming`.

/// The framing around chunk data.
package enum ChunkWriter {
    /// Most bytes that `writeHead` writes: 16 digits and CRLF.
    package static let headBytesMax = 18
    /// What follows the data of each chunk.
    package static let end: StaticString = "\r\n"
    /// What ends the body: the last chunk and an empty trailer section.
    package static let last: StaticString = "0\r\n\r\n"

    /// Writes the line before `size` bytes of data; `size` must be positive, since a chunk of 0 would end the body.
    package static func writeHead(size: Int, into writer: inout ByteWriter) {
        precondition(size > 0, "a chunk holds at least one byte: \(size)")
        writer.append(hexadecimal: UInt64(size))
        writer.append("\r\n")
    }
}
