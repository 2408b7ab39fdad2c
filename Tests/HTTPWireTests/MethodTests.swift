// Which methods may be sent twice.
// Source: RFC 9110 §9.2.2.

import HTTPWire
import Testing

@Suite struct MethodTests {
    @Test func `only idempotent methods may be retried`() {
        let retried = Method.allCases.filter(\.isIdempotent)
        #expect(retried == [.get, .head, .put, .delete, .options])
    }
}
