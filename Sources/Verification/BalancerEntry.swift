// What the balancer wrote down of one request: fixed size but for the backends it tried.

/// One line of the access log. Times are microseconds since 1970.
package struct BalancerEntry: Sendable, Hashable {
    /// The client's number, if the request id is one of this run's and carries a number.
    package var number: UInt64?
    /// The id begins with this run's nonce and is yet no id that the driver could have made.
    package var isForged = false
    /// Texts of the ledger; 0 is none.
    package var service: UInt16 = 0
    package var instance: UInt16 = 0
    package var release: UInt16 = 0
    package var reason: UInt16 = 0
    /// Every backend that was tried, the last one included; empty when none was.
    package var tried: [UInt16] = []
    package var status: UInt16 = 0
    package var attempts: UInt16 = 0
    /// When the answer had ended.
    package var time: Int64 = 0
    package var totalMicroseconds: Int64 = 0
    package var revision: UInt64 = 0

    package init() {}
}
