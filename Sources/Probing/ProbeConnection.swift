// One probe under way: a non-blocking connection and how far it has come. Confined to the prober's thread.
//
// connecting → shaking hands (with TLS) → (tcp: verdict) → sending → receiving → verdict → lingering → gone. After its verdict an HTTP probe goes on
// reading for a while and throws away what comes: closing with unread bytes would reset the connection under a backend
// that is still writing, and fill its log with errors.

import CKernel
import Glibc
import Kernel
import Vocabulary

/// A probe's connection.
final class ProbeConnection {
    private enum Phase {
        case connecting
        case shakingHands
        case sending(rest: ArraySlice<UInt8>)
        case receiving([UInt8])
        case lingering(bytesLeft: Int)
    }

    /// What a step brings.
    enum Step {
        /// Nothing yet: wait for the descriptor again.
        case waiting
        /// The verdict; with `isOver`, the connection has nothing more to do.
        case verdict(ProbeReport.Verdict, detail: String, isOver: Bool)
        /// It had its verdict before and is now over.
        case over
    }

    let order: ProbeOrder
    let startedAt: Instant
    let deadline: Instant
    private let descriptor: OwnedDescriptor
    private let channel: ProbeChannel
    private var phase = Phase.connecting

    /// Why a probe could not even begin.
    struct NotStarted: Error {
        var verdict: ProbeReport.Verdict
        var detail: String

        init(_ verdict: ProbeReport.Verdict, _ detail: String) {
            self.verdict = verdict
            self.detail = detail
        }

        /// A call that began the connection failed.
        init(_ errno: CInt, to endpoint: Endpoint) {
            self.init(ProbeWording.verdict(on: errno), ProbeWording.notConnected(errno, to: endpoint))
        }
    }

    init(_ order: ProbeOrder, now: Instant) throws(NotStarted) {
        guard let address = SocketAddress(order.endpoint) else {
            throw NotStarted(.failed, ProbeWording.unusable(order.endpoint))
        }
        guard Self.request(order) != nil else { throw NotStarted(.failed, ProbeWording.unusableRequest) }
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let number = socket(address.family, kind, 0)
        guard number >= 0 else { throw NotStarted(errno, to: order.endpoint) }
        let descriptor = OwnedDescriptor(number)
        let result = address.withSockAddr { connect(number, $0, $1) }
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
            throw NotStarted(errno, to: order.endpoint)
        }
        guard let channel = ProbeChannel(number, order.security) else {
            throw NotStarted(.failed, ProbeWording.unusableName)
        }
        self.channel = channel
        self.order = order
        self.descriptor = descriptor
        startedAt = now
        deadline = now + order.timeout
    }

    /// For `pollfd`.
    var number: CInt { descriptor.number }

    var events: CInt {
        switch phase {
        case .connecting, .sending: POLLOUT
        case .shakingHands, .receiving, .lingering: POLLIN
        }
    }

    /// The descriptor is ready: goes on as far as it can.
    func proceed(now: Instant) -> Step {
        while true {
            switch phase {
            case .connecting:
                let error = connectError()
                guard error == 0 else {
                    return fail(ProbeWording.notConnected(error, to: order.endpoint))
                }
                phase = .shakingHands
            case .shakingHands:
                guard channel.shakeHands() == 0 else {
                    if isTransient { return .waiting }
                    return fail(channel.failure.map(ProbeWording.untrusted) ?? ProbeWording.broken(errno))
                }
                guard let request = Self.request(order), !request.isEmpty else {
                    return .verdict(.passed, detail: ProbeWording.connected(after: now - startedAt), isOver: true)
                }
                phase = .sending(rest: request[...])
            case .sending(let rest):
                let sent = channel.write(rest)
                guard sent >= 0 else {
                    if isTransient { return .waiting }
                    // It may have answered and closed without reading: that answer counts.
                    phase = .receiving([])
                    continue
                }
                phase = sent == rest.count ? .receiving([]) : .sending(rest: rest.dropFirst(sent))
                if sent == rest.count { return .waiting }
            case .receiving(let bytes):
                guard let step = receive(after: bytes, now: now) else { continue }
                return step
            case .lingering(let bytesLeft):
                return linger(bytesLeft: bytesLeft)
            }
        }
    }

    /// The deadline has passed.
    func expire() -> Step {
        switch phase {
        case .lingering: .over
        case .connecting: fail(word(isConnected: false))
        case .shakingHands, .sending, .receiving: fail(word(isConnected: true))
        }
    }

    private func word(isConnected: Bool) -> String {
        ProbeWording.late(isConnected: isConnected, endpoint: order.endpoint, timeout: order.timeout)
    }

    /// Reads once. `nil` when there may be more to read.
    private func receive(after earlier: [UInt8], now: Instant) -> Step? {
        var bytes = earlier
        var block = [UInt8](repeating: 0, count: ProbingLimits.headBytesMax - bytes.count)
        guard !block.isEmpty else { return fail(ProbeWording.headTooLong) }
        let length = channel.read(&block)
        guard length >= 0 else { return isTransient ? .waiting : fail(ProbeWording.broken(errno)) }
        bytes += block[..<length]
        switch StatusLine.read(bytes, isEnd: length == 0) {
        case .incomplete:
            phase = .receiving(bytes)
            return nil
        case .malformed(let fault):
            return fail(fault)
        case .complete(let line):
            phase = .lingering(bytesLeft: ProbingLimits.restBytesMax)
            let verdict = (200...299).contains(line.status) ? ProbeReport.Verdict.passed : .failed
            let detail = ProbeWording.answered(line, to: order, after: now - startedAt)
            // The rest may be here already: with TLS, in the session, where no event tells of it.
            let isOver = if case .over = linger(bytesLeft: ProbingLimits.restBytesMax) { true } else { false }
            return .verdict(verdict, detail: detail, isOver: isOver)
        }
    }

    private func linger(bytesLeft: Int) -> Step {
        var left = bytesLeft
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while left > 0 {
            let length = channel.read(&block)
            if length < 0 && isTransient {
                phase = .lingering(bytesLeft: left)
                return .waiting
            }
            guard length > 0 else { return .over }
            left -= length
        }
        return .over
    }

    private var isTransient: Bool { errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR }

    private func fail(_ detail: String) -> Step {
        .verdict(.failed, detail: detail, isOver: true)
    }

    /// How connecting went; 0 for well.
    private func connectError() -> CInt {
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else { return errno }
        guard error == 0 else { return error }
        // On loopback a connection to a port that nobody has can meet itself, when the kernel happens to choose that
        // very port for its own end.
        if case .tcp = order.endpoint, let own = try? SocketAddress.local(of: number),
            own == (try? SocketAddress.peer(of: number))
        {
            return ECONNREFUSED
        }
        return 0
    }

    /// The bytes to send: none for a TCP probe; `nil` when they would not be one request.
    private static func request(_ order: ProbeOrder) -> [UInt8]? {
        guard case .http(let path, let host) = order.kind else { return [] }
        guard path.hasPrefix("/"), (path + host).utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        let lines = ["GET \(path) HTTP/1.1", "Host: \(host)", "User-Agent: portico-probe", "Connection: close", "", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}
