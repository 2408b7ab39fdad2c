// What the head for the client says besides what the backend sent: borrowed bytes, valid for one call.
// For the way to the backend see `ForwardedContext`.

/// What the client's side needs to know about a response. All bytes are borrowed for the call.
package struct ResponseContext {
    /// Goes back as `X-Request-Id`, in place of a backend's own.
    package var requestID: UnsafeRawBufferPointer
    /// The request's version.
    package var isHTTP11Client: Bool
    /// Whether we will read another request from this client after this response. `writeResponse` says `close` all the
    /// same when the body can end only by closing (`HeadRewriter.downstreamFraming`).
    package var keepAlive: Bool
    /// Whether the client takes trailers.
    package var acceptsTrailers: Bool

    package init(
        requestID: UnsafeRawBufferPointer, isHTTP11Client: Bool, keepAlive: Bool, acceptsTrailers: Bool = false
    ) {
        self.requestID = requestID
        self.isHTTP11Client = isHTTP11Client
        self.keepAlive = keepAlive
        self.acceptsTrailers = acceptsTrailers
    }
}
