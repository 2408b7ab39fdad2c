// `Content-Length` and `Transfer-Encoding` of one head, and the rules of RFC 9112 §6 for what they mean together. Every
// doubt is refused: two readers that end a body at different bytes is how requests are smuggled.

/// Collects the framing fields of a head.
struct FramingFields {
    private(set) var contentLength: UInt64?
    private(set) var hasTransferEncoding = false
    private var endsInChunked = false
    private var hasOtherCoding = false

    /// Takes in a `Content-Length`. RFC 9112 §6.3 allows to fold equal repeats into one, in one list or several fields; we
    /// refuse them, since whoever reads only the first or the last of them was not meant to be behind us.
    mutating func addContentLength(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) -> HeadError? {
        guard contentLength == nil else { return .duplicateContentLength }
        contentLength = ByteScan.decimal(bytes, value)
        return contentLength == nil ? .badContentLength : nil
    }

    /// Takes in a `Transfer-Encoding`. Empty elements, which RFC 9110 §5.6.1.2 would ignore, are refused.
    mutating func addTransferEncoding(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) -> HeadError? {
        hasTransferEncoding = true
        var elements = ListElements(value)
        while let coding = elements.next(in: bytes) {
            // A coding behind `chunked`, or `chunked` twice (§6.1, §7.1).
            guard !coding.isEmpty, !endsInChunked else { return .badTransferEncoding }
            endsInChunked = ByteScan.matches(bytes, coding, "chunked")
            hasOtherCoding = hasOtherCoding || !endsInChunked
        }
        return nil
    }

    /// What is wrong with the framing, before it is asked what it means.
    func fault(isHTTP11: Bool) -> HeadError? {
        guard hasTransferEncoding else { return nil }
        // §6.1: both together ought to be handled as an error; and transfer codings came with HTTP/1.1.
        if contentLength != nil { return .transferEncodingAndLength }
        if !isHTTP11 { return .transferEncodingInHTTP10 }
        // §6.3: in a request, anything not ending in chunked has no length: 400. §6.1: an unknown coding: 501.
        if !endsInChunked { return .badTransferEncoding }
        return hasOtherCoding ? .unsupportedTransferEncoding : nil
    }

    /// The framing of a request, once `fault` found nothing.
    var ofRequest: BodyFraming {
        if hasTransferEncoding { return .chunked }
        return contentLength.map { .length($0) } ?? .none
    }

    /// The framing of a response that may have a body, once `fault` found nothing.
    var ofResponse: BodyFraming {
        if hasTransferEncoding { return .chunked }
        return contentLength.map { .length($0) } ?? .untilClose
    }
}
