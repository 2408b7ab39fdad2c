// How long an instance that drains is waited for. Pure.

import Proxy
import Vocabulary

/// The deadlines of one draining instance.
struct DrainLimits: Hashable, Sendable {
    /// What became of the wait.
    enum Verdict: Hashable, Sendable {
        case waiting
        /// Nothing is in flight.
        case drained
        /// What is in flight still has had its time.
        case expired
    }

    let requests: Duration
    let tunnels: Duration
    /// When an orderly stop of the whole ends every wait; `nil` while there is none.
    let stopDeadline: Instant?

    /// - Parameter began: when it was taken out of rotation.
    func verdict(_ gauges: BackendGauges, began: Instant, now: Instant) -> Verdict {
        guard gauges.inFlight > 0 else { return .drained }
        if let stopDeadline, now >= stopDeadline { return .expired }
        let requestsHadTime = gauges.inFlight <= gauges.tunnels || now >= began + requests
        let tunnelsHadTime = gauges.tunnels == 0 || now >= began + tunnels
        return requestsHadTime && tunnelsHadTime ? .expired : .waiting
    }
}
