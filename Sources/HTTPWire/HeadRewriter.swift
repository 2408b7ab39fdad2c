// Writes the head that goes on to the other side. Every head is written anew, field by field, from a parsed one; its
// framing is stated once, from what the parser decided and not from the sender's fields.
//
// Not sent: `Via`. RFC 9110 §7.6.3 asks gateways for it; we leave it out as nginx and HAProxy do, because origins
// (nginx's `gzip_proxied off`, for one) turn compression off when they see it.

/// What we tell the backend about the client. All bytes are borrowed for the call.
package struct ForwardedContext {
    /// The client's address as text, without port and brackets: `192.0.2.7`, `2001:db8::1`.
    package var clientAddress: UnsafeRawBufferPointer
    /// Whether the client's connection is TLS.
    package var isEncrypted: Bool
    /// Whether the client's own `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are believed and extended. Otherwise they
    /// are dropped, which is the default.
    package var isPeerTrusted: Bool
    /// The request id to send: the client's (`RequestHeadParser.requestID`) or a fresh one (`RequestID.write`).
    package var requestID: UnsafeRawBufferPointer
    /// `Host` for an HTTP/1.0 request that has none: the backend's or our own address.
    package var fallbackHost: UnsafeRawBufferPointer

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

/// Rewrites heads on their way through. Pure, without allocation.
package enum HeadRewriter {
    /// Writes the head for the backend, always HTTP/1.1.
    ///
    /// Same method; target in origin form (or `*`); `Host` first; hop-by-hop fields, fields named by `Connection` and
    /// names with underscores left out; `X-Forwarded-For`, `-Proto`, `-Host`, `X-Real-IP` and `X-Request-Id` set;
    /// framing from `head.framing`: `Transfer-Encoding: chunked` means that the proxy chunks anew.
    /// `Expect` and `Upgrade` only when `head.expectsContinue` and `head.isUpgrade`.
    /// `bytes` are those `head` was parsed from. Too small a writer ends up overflowed; a head grows by at most 350 bytes
    /// plus the context's.
    package static func writeRequest(
        from bytes: UnsafeRawBufferPointer, head: borrowing RequestHeadParser, forwarded: ForwardedContext,
        into writer: inout ByteWriter
    ) {
    }

    /// Writes the head for the client, always HTTP/1.1 by name (RFC 9110 §2.5), in the manner of the client's version.
    ///
    /// Status and reason kept; hop-by-hop fields left out; `X-Request-Id` set (not on interim responses); framing as
    /// `downstreamFraming`; `Connection: close`, `keep-alive` (HTTP/1.0 clients) or `Upgrade` (101) as needed.
    package static func writeResponse(
        from bytes: UnsafeRawBufferPointer, head: borrowing ResponseHeadParser, context: ResponseContext,
        into writer: inout ByteWriter
    ) {
    }

    /// How the body is framed towards the client: a body without a length is chunked for HTTP/1.1 and ends by closing for
    /// HTTP/1.0, so the proxy must (re-)chunk on `.chunked` and close on `.untilClose`.
    package static func downstreamFraming(
        of head: borrowing ResponseHeadParser, isHTTP11Client: Bool
    ) -> BodyFraming {
        head.framing
    }
}
