// Everything that can be wrong with a message, each with a fixed label for logs and metrics and the status it earns.
// Not for faults of connections (reset, timeout): those are the proxy's.

/// Why a message was refused. The connection it came on has lost its framing and must be closed after the answer.
package enum HeadError: String, Error, Hashable, Sendable, CaseIterable {
    /// The request line is not `method SP target SP version`.
    case badRequestLine = "bad_request_line"
    /// The target is not origin-form, absolute-form or `*`, or holds a byte that no target may hold.
    case badTarget = "bad_target"
    /// The path holds a backslash, an encoded backslash, an encoded NUL or a broken percent escape.
    case unsafePath = "unsafe_path"
    /// `HTTP/` with another major version than 1.
    case unsupportedVersion = "unsupported_version"
    /// `CONNECT` and `TRACE` are not for a front door.
    case methodRefused = "method_refused"
    /// `OPTIONS` with `Max-Forwards: 0`: we are its last recipient, and have no options of our own.
    case hopsExhausted = "hops_exhausted"
    /// A line ends in LF without CR.
    case bareLF = "bare_lf"
    /// A CR is not followed by LF.
    case bareCR = "bare_cr"
    /// A control byte other than HTAB, or DEL.
    case controlByte = "control_byte"
    /// A field line begins with a space or a tab (obs-fold).
    case foldedField = "folded_field"
    /// A field line has no colon, an empty name, or a name that is not a token (also: space before the colon).
    case badFieldName = "bad_field_name"
    /// HTTP/1.1 without `Host`.
    case missingHost = "missing_host"
    /// More than one `Host`.
    case duplicateHost = "duplicate_host"
    /// `Host`, or the authority of an absolute target, is not a host with an optional port.
    case badHost = "bad_host"
    /// `Content-Length` is not one number of at most 19 digits.
    case badContentLength = "bad_content_length"
    /// More than one `Content-Length`, be they equal or not.
    case duplicateContentLength = "duplicate_content_length"
    /// `Transfer-Encoding` together with `Content-Length`.
    case transferEncodingAndLength = "te_and_cl"
    /// `Transfer-Encoding` that does not end in one `chunked`, or is no clean list.
    case badTransferEncoding = "bad_transfer_encoding"
    /// A transfer coding besides `chunked`.
    case unsupportedTransferEncoding = "unsupported_transfer_encoding"
    /// `Transfer-Encoding` in an HTTP/1.0 message.
    case transferEncodingInHTTP10 = "te_in_http10"
    /// A `Connection` field that is no list of tokens, or a list of too many.
    case badConnection = "bad_connection"
    /// `Expect` with anything but `100-continue`.
    case unknownExpectation = "unknown_expectation"
    /// The request line alone reaches the limit of the head.
    case targetTooLong = "target_too_long"
    /// The head reaches its limit of bytes.
    case headTooLarge = "head_too_large"
    /// The head has more fields than allowed.
    case tooManyFields = "too_many_fields"
    /// A chunk size line is not hexadecimal digits with optional extensions, or its number is too big.
    case badChunkSize = "bad_chunk_size"
    /// Chunk extensions, of one chunk or of the whole body, are longer than allowed.
    case chunkExtensionsTooLong = "chunk_extensions_too_long"
    /// The data of a chunk is not followed by CRLF.
    case badChunkEnd = "bad_chunk_end"
    /// The trailer section is not made of field lines.
    case badTrailer = "bad_trailer"
    /// The trailer section is longer than allowed.
    case trailerTooLarge = "trailer_too_large"
    /// A response does not begin with `HTTP/1.x` and a status of 100 … 599.
    case badStatusLine = "bad_status_line"
    /// A 1xx response that states a body.
    case bodyOnInterim = "body_on_interim"
    /// 101 as the answer to a request that asked for no upgrade, without an `Upgrade` field, without `Connection:
    /// Upgrade`, or for something else than was asked for.
    case unexpectedUpgrade = "unexpected_upgrade"
    /// A success that is no 101 as the answer to a client's extended CONNECT, to which every success is a tunnel.
    case missingUpgrade = "missing_upgrade"

    /// The fixed name for logs and metrics. Does not allocate.
    package var label: String { rawValue }

    /// The status that answers a *request* with this fault. A response with any fault is answered 502.
    package var status: Int {
        switch self {
        case .unsupportedVersion: 505
        case .methodRefused, .hopsExhausted, .unsupportedTransferEncoding: 501
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .unknownExpectation: 417
        default: 400
        }
    }
}
