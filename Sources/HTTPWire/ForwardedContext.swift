// What the head for the backend says besides what the client sent: borrowed bytes, valid for one call.
// For the way back see `ResponseContext`.

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
