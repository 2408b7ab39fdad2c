// How long a draining instance is waited for.

import Proxy
import Testing
import Vocabulary

@testable import Supervisor

struct DrainLimitsTests {
    private func verdict(
        inFlight: Int, tunnels: Int, after seconds: Int, stopAfter: Int? = nil
    ) -> DrainLimits.Verdict {
        var gauges = BackendGauges()
        gauges.inFlight = inFlight
        gauges.tunnels = tunnels
        let began = Instant.zero + .seconds(100)
        return DrainLimits(
            requests: .seconds(30), tunnels: .seconds(300), stopDeadline: stopAfter.map { began + .seconds($0) }
        ).verdict(gauges, began: began, now: began + .seconds(seconds))
    }

    @Test func `nothing in flight is drained at once`() {
        #expect(verdict(inFlight: 0, tunnels: 0, after: 0) == .drained)
        #expect(verdict(inFlight: 0, tunnels: 0, after: 0, stopAfter: 0) == .drained)
    }

    @Test func `requests and tunnels have a deadline each`() {
        #expect(verdict(inFlight: 1, tunnels: 0, after: 29) == .waiting)
        #expect(verdict(inFlight: 1, tunnels: 0, after: 30) == .expired)
        #expect(verdict(inFlight: 1, tunnels: 1, after: 299) == .waiting)
        #expect(verdict(inFlight: 1, tunnels: 1, after: 300) == .expired)
        #expect(verdict(inFlight: 2, tunnels: 1, after: 299) == .waiting)
    }

    @Test func `an orderly stop ends every wait at its own deadline`() {
        #expect(verdict(inFlight: 1, tunnels: 1, after: 9, stopAfter: 10) == .waiting)
        #expect(verdict(inFlight: 1, tunnels: 1, after: 10, stopAfter: 10) == .expired)
        #expect(verdict(inFlight: 1, tunnels: 0, after: 10, stopAfter: 10) == .expired)
    }
}
