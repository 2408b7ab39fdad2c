// What a rewritten head says besides what came in: borrowed bytes, valid for one call.

/// What we tell the backend about the client. All bytes are borrowed for the call.
package struct ForwardedContext {
    /// The client's address as text, without port and brackets: `192.0.2.7`, `2001:db8::1`.
    package var clientAddress: UnsafeRawBufferPointer
    /// The request id to send: the client's (`RequestHeadParser.requestID`) or a fresh one (`RequestID.write`).
    package var requestID: UnsafeRawBufferPointer
    /// `Host` for an HTTP/1.0 request that has none: the backend's or our own address.
    package var fallbackHost: UnsafeRawBufferPointer
    /// Whether the client's connection is TLS.
    package var isEncrypted: Bool
    /// Whether the client's own `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are believed and extended. Otherwise they
    /// are dropped, which is the default.
    package var isPeerTrusted: Bool

    package init(
        clientAddress: UnsafeRawBufferPointer, requestID: UnsafeRawBufferPointer,
        fallbackHost: UnsafeRawBufferPointer, isEncrypted: Bool = false, isPeerTrusted: Bool = false
    ) {
        self.clientAddress = clientAddress
        self.requestID = requestID
        self.fallbackHost = fallbackHost
        self.isEncrypted = isEncrypted
        self.isPeerTrusted = isPeerTrusted
    }
}

/// What the client's side needs to know about a response. All bytes are borrowed for the call.
package struct ResponseContext {
    /// Goes back as `X-Request-Id`, in place of a backend's own.
    package var requestID: UnsafeRawBufferPointer
    /// The request's version.
    package var isHTTP11Client: Bool
    /// Whether we will read another request from this client after this response. `writeResponse` says `close` all the
    /// same when the body can end only by closing (`HeadRewriter.downstreamFraming`).
    package var keepAlive: Bool

    package init(requestID: UnsafeRawBufferPointer, isHTTP11Client: Bool, keepAlive: Bool) {
        self.requestID = requestID
        self.isHTTP11Client = isHTTP11Client
        self.keepAlive = keepAlive
    }
}
