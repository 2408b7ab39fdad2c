// The bytes of one probe: straight to its descriptor, or through TLS. Confined to the prober's thread.

import CKernel
import Glibc
import TLS

/// Reads and writes like the system calls: a count, or -1 with `errno`; EAGAIN asks to wait for the descriptor.
final class ProbeChannel {
    private let number: CInt
    private let session: TLSSession?
    private let transport: TLSTransport
    /// Received and not yet used.
    private var received: [UInt8] = []
    private var isAtEnd = false
    /// Why TLS came to nothing.
    private(set) var failure: String?

    /// `nil` when the session can't be made.
    init?(_ number: CInt, _ security: ProbeSecurity?) {
        self.number = number
        transport = TLSTransport(outputBytes: 4096)
        guard let security else {
            session = nil
            return
        }
        guard let session = TLSSession(security.context, name: security.name, transport) else { return nil }
        self.session = session
    }

    deinit {
        session?.free()
    }

    /// 0 once the handshake is done (at once without TLS), or -1.
    func shakeHands() -> Int {
        guard let session else { return 0 }
        while true {
            let outcome = step { $0.shakeHands() }
            guard flush() else { return -1 }
            switch outcome {
            case .done: return 0
            case .wantsInput: if !receive() { return -1 }
            case .closed, .failed:
                failure = session.takeFailure()
                errno = EPROTO
                return -1
            }
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        guard session != nil else {
            return bytes.withUnsafeBytes { send(number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        }
        let isWritten = step { session in bytes.withUnsafeBytes { session.write($0) } }
        guard isWritten, flush() else { return -1 }
        return bytes.count
    }

    func read(_ block: inout [UInt8]) -> Int {
        guard session != nil else { return Glibc.read(number, &block, block.count) }
        while true {
            var count = 0
            let outcome = step { session in block.withUnsafeMutableBytes { session.read(into: $0, count: &count) } }
            switch outcome {
            case .done: return count
            case .closed: return 0
            case .wantsInput:
                if receive() { continue }
                return isAtEnd ? 0 : -1
            case .failed:
                errno = EPROTO
                return -1
            }
        }
    }

    private func step<Result>(_ step: (TLSSession) -> Result) -> Result {
        transport.reading(&received) { step(session!) }
    }

    /// Whether more came.
    private func receive() -> Bool {
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        let count = Glibc.read(number, &block, block.count)
        if count == 0 {
            isAtEnd = true
            errno = ECONNRESET
        }
        guard count > 0 else { return false }
        received += block[..<count]
        return true
    }

    /// A probe says little: what a fresh connection does not take at once is a failure.
    private func flush() -> Bool {
        let output = transport.output
        defer { transport.clearOutput() }
        guard !output.isEmpty else { return true }
        let count = send(number, output.baseAddress, output.count, CInt(MSG_NOSIGNAL))
        if count >= 0, count < output.count { errno = EPIPE }
        return count == output.count
    }
}
