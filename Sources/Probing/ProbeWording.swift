// The sentences of a probe's report. An operator reads them in `portico status`, at three in the morning. Pure.

import Glibc
import Kernel
import Vocabulary

/// Turns outcomes into sentences.
enum ProbeWording {
    static func connected(after latency: Duration) -> String {
        "connected in \(milliseconds(latency))"
    }

    /// An answer: only 200…299 passes.
    static func answered(_ line: StatusLine, to order: ProbeOrder, after latency: Duration) -> String {
        guard (300...399).contains(line.status) else {
            let answer = "\(line.status) in \(milliseconds(latency))"
            guard !(200...299).contains(line.status), case .http(let path, _) = order.kind else { return answer }
            return "GET \(path.prefix(200)) answered \(answer)"
        }
        guard let location = line.location else {
            return "\(line.status) in \(milliseconds(latency)): only 200 to 299 passes"
        }
        return "\(line.status) to \(location): a redirect is not a pass, probe the final path"
    }

    /// A connection that could not be made.
    static func notConnected(_ errno: CInt, to endpoint: Endpoint) -> String {
        switch (errno, endpoint) {
        case (ECONNREFUSED, _): "connection refused: nothing listens on \(endpoint)"
        case (ENOENT, .unix(let path)): "there is no socket \(path)"
        case (EACCES, .unix(let path)): "this user may not connect to \(path)"
        case (EAGAIN, _): "its queue of connections is full"
        case (EMFILE, _), (ENFILE, _): "not probed: this process has too many open files (ulimit -n)"
        default: "no connection to \(endpoint): \(SystemError.text(of: errno))"
        }
    }

    /// What an error of `socket` or `connect` says of the backend: nothing, when it is our own want of something.
    static func verdict(on errno: CInt) -> ProbeReport.Verdict {
        switch errno {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL: .notSent
        default: .failed
        }
    }

    /// A connection that broke after it was made.
    static func broken(_ errno: CInt) -> String {
        switch errno {
        case ECONNRESET, EPIPE: "it reset the connection before it had answered"
        default: "the connection broke before it had answered: \(SystemError.text(of: errno))"
        }
    }

    /// A TLS handshake that failed.
    static func untrusted(_ reason: String) -> String { "no TLS with it: \(reason)" }

    static let unusableName = "not probed: there is no name that its certificate could have"

    static func late(isConnected: Bool, endpoint: Endpoint, timeout: Duration) -> String {
        isConnected ? "no answer within \(limit(timeout))" : "no connection to \(endpoint) within \(limit(timeout))"
    }

    static let headTooLong = "the head of its answer is longer than \(ByteCount(ProbingLimits.headBytesMax))"
    static let stopped = "not probed: the front door is stopping"
    static let cancelled = "not probed: the probe was called off"
    static let tooMany = "not probed: \(ProbingLimits.probesMax) probes are under way already"

    static func unusable(_ endpoint: Endpoint) -> String {
        "not probed: \(endpoint) is not a numeric address, nor a unix path of at most 107 bytes"
    }

    static let unusableRequest = "not probed: the path must start with / and neither it nor the host may hold spaces"

    /// `2.1 ms`.
    static func milliseconds(_ duration: Duration) -> String {
        let tenths = (max(0, duration.nanoseconds) + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    /// As the settings have it: `1s`, `250ms`.
    private static func limit(_ duration: Duration) -> String {
        let milliseconds = duration.nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
