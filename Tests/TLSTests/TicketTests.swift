// Resumption by tickets, and the ring of their keys. The `openssl` command is the client where a session is carried
// from one connection to the next: see the whole-program tests. Here the ring itself.

import Testing

@testable import TLS

@Suite struct TicketTests {
    @Test func `a key opens before it seals, seals for one period, and opens one period longer`() {
        let ring = TicketKeyRing()
        let first = ring.sealing.name
        #expect(opens(ring, first) == false)
        ring.rotate()
        let second = ring.sealing.name
        #expect(second != first)
        #expect(opens(ring, first) == true)
        ring.rotate()
        #expect(opens(ring, first) == nil)
        #expect(opens(ring, second) == true)
        #expect(opens(ring, ring.sealing.name) == false)
    }

    /// Whether a ticket of that key should be replaced; `nil` when it can't be opened.
    private func opens(_ ring: TicketKeyRing, _ name: [UInt8]) -> Bool? {
        name.withUnsafeBufferPointer { ring.opening($0)?.isOld }
    }
}
