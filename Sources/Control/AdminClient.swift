// The client of the admin API, for the command line and the driver: blocking calls, one connection each.
// Not for traffic. libcurl speaks HTTP, so that what we serve is read by something we did not write.

import Administration
import FoundationEssentials
import Vocabulary

/// Speaks to the front door whose admin socket is at `socket`. Each call blocks until it is answered.
///
/// Every method throws `AdministrationError`: the server's own refusal as it came, or `.unavailable` when nobody
/// answers, with a hint that says what to do. Safe to share between threads: a call keeps its connection to itself.
package struct AdminClient: Sendable {
    /// Where the front door is looked for.
    package let socket: String
    /// For one whole call.
    package let timeout: Duration

    package init(socket: String, timeout: Duration = .seconds(30)) {
        self.socket = socket
        self.timeout = timeout
    }

    package func status() throws(AdministrationError) -> StatusReport {
        try call("GET", "/v1/status")
    }

    /// The newest `count` events (0 … 10,000), oldest first.
    package func events(count: Int) throws(AdministrationError) -> [EventReport] {
        try call("GET", "/v1/events?count=\(count)")
    }

    package func scale(
        _ order: ScaleOrder, service: ServiceName
    ) throws(AdministrationError) -> ServiceReport {
        try call("POST", "/v1/services/\(Self.escaped(service))/scale", body: order)
    }

    package func startRollout(
        _ order: RolloutOrder, service: ServiceName
    ) throws(AdministrationError) -> RolloutReport {
        try call("POST", "/v1/services/\(Self.escaped(service))/rollouts", body: order)
    }

    /// The rollout in progress, or the last one; `nil` when there was none.
    package func rollout(service: ServiceName) throws(AdministrationError) -> RolloutReport? {
        try call("GET", "/v1/services/\(Self.escaped(service))/rollout")
    }

    /// Newest last.
    package func rolloutHistory(service: ServiceName) throws(AdministrationError) -> [RolloutReport] {
        try call("GET", "/v1/services/\(Self.escaped(service))/rollouts")
    }

    package func pauseRollout(service: ServiceName) throws(AdministrationError) -> RolloutReport {
        try call("POST", "/v1/services/\(Self.escaped(service))/rollout/pause")
    }

    package func resumeRollout(service: ServiceName) throws(AdministrationError) -> RolloutReport {
        try call("POST", "/v1/services/\(Self.escaped(service))/rollout/resume")
    }

    package func undoRollout(service: ServiceName) throws(AdministrationError) -> RolloutReport {
        try call("POST", "/v1/services/\(Self.escaped(service))/rollout/undo")
    }

    package func reload() throws(AdministrationError) -> ReloadReport {
        try call("POST", "/v1/reload")
    }

    /// Returns once draining has begun.
    package func stop() throws(AdministrationError) {
        _ = try bytes("POST", "/v1/stop", body: nil)
    }

    /// The Prometheus text.
    package func metrics() throws(AdministrationError) -> String {
        String(decoding: try bytes("GET", "/metrics", body: nil), as: UTF8.self)
    }

    private func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (any Encodable)? = nil
    ) throws(AdministrationError) -> Answer {
        let sent: Data?
        do {
            sent = try body.map { try AdminJSON.encode($0) }
        } catch {
            // Orders are made of strings and whole numbers.
            preconditionFailure("an order does not encode: \(error)")
        }
        let received = try bytes(method, path, body: sent)
        do {
            return try JSONDecoder().decode(Answer.self, from: received)
        } catch {
            throw notUnderstood(method, path)
        }
    }

    /// The body of a successful answer.
    private func bytes(_ method: String, _ path: String, body: Data?) throws(AdministrationError) -> Data {
        let exchange = AdminExchange(socket: socket, timeout: timeout)
        let answer = try exchange.perform(method, path, body: body)
        if (200..<300).contains(answer.status) { return answer.body }
        guard let refusal = try? JSONDecoder().decode(AdministrationError.self, from: answer.body) else {
            throw notUnderstood(method, path)
        }
        throw refusal
    }

    private func notUnderstood(_ method: String, _ path: String) -> AdministrationError {
        AdministrationError(
            code: .unavailable, message: "what answers \(method) \(path) on \(socket) does not speak as we do",
            hint: "is it a front door of another version? `portico stop` it with the version that started it")
    }

    /// A name as one segment of a path: everything but unreserved characters (RFC 3986 §2.3) is percent-encoded.
    private static func escaped(_ service: ServiceName) -> String {
        var text = ""
        for byte in service.rawValue.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                // The dot too: a segment of dots only would be resolved away.
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
