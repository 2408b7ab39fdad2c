// Where the encrypted bytes of all sessions of one event loop come from and go to. A session itself holds no bytes but
// an incomplete record: the loop points the transport at what one connection received, and takes what is to be sent.

import COpenSSL

/// One per event loop. Loop-confined; outlives its sessions.
package struct TLSTransport: ~Copyable {
    private let window: UnsafeMutablePointer<tls_window>
    /// One for all sessions: between two calls nothing is in it.
    let bio: OpaquePointer
    let loop: Int

    // SAFETY: made once, never changed or freed.
    private static nonisolated(unsafe) let method = tls_window_method()

    /// - Parameters:
    ///   - outputBytes: grows when one step produces more.
    ///   - loop: which one it is of the event loops that share a server context.
    package init(outputBytes: Int, loop: Int = 0) {
        self.loop = loop
        window = .allocate(capacity: 1)
        window.initialize(
            to: tls_window(
                input: nil, input_count: 0,
                output: malloc(outputBytes)?.assumingMemoryBound(to: UInt8.self), output_count: 0,
                output_capacity: outputBytes))
        guard let method = Self.method, let bio = tls_window_bio(method, window) else {
            preconditionFailure("OpenSSL is out of memory")
        }
        self.bio = bio
    }

    deinit {
        BIO_free(bio)
        free(window.pointee.output)
        window.deallocate()
    }

    /// The received bytes that the next calls of one session read. They must stay until they are used up or replaced.
    package func point(at bytes: UnsafeRawBufferPointer) {
        window.pointee.input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        window.pointee.input_count = bytes.count
    }

    /// Does a step of one session that reads from `bytes`, and takes off what it used. For those whose bytes are in an
    /// array; the event loops point by themselves.
    package func reading<Result>(_ bytes: inout [UInt8], _ step: () -> Result) -> Result {
        var left = 0
        let result = bytes.withUnsafeBytes {
            point(at: $0)
            defer { point(at: UnsafeRawBufferPointer(start: nil, count: 0)) }
            let result = step()
            left = input.count
            return result
        }
        bytes.removeFirst(bytes.count - left)
        return result
    }

    /// What is left of them.
    package var input: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: window.pointee.input, count: window.pointee.input_count)
    }

    package var hasInput: Bool { window.pointee.input_count > 0 }

    /// What is to be sent to the session's peer. Valid until the next call of a session.
    package var output: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: window.pointee.output, count: window.pointee.output_count)
    }

    package var outputCount: Int { window.pointee.output_count }

    package func clearOutput() {
        window.pointee.output_count = 0
    }
}
