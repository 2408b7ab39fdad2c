// What the client knows of one request: fixed size, no references, so that a million of them are cheap to keep.

import Vocabulary

/// One line of the client's ledger. Times are nanoseconds of the monotonic clock; 0 means it never happened.
package struct RequestRecord: Sendable, Hashable {
    /// Unique in the run, from 0: the number behind the nonce in the request id.
    package var number: UInt64
    /// Within its stream, from 0: what the templates were filled with.
    package var sequence: UInt64
    /// Index of the stream; read-backs use the index of the stream whose writes they read.
    package var stream: UInt16
    package var isReadBack = false
    package var isIdempotent = true
    /// Went over a connection that had been used before.
    package var isOnReusedConnection = false
    /// The answer carried another request id than the request, or none.
    package var isCrossed = false
    package var outcome: Outcome = .notSent
    package var status: UInt16 = 0
    /// When it was due.
    package var intended: Int64
    /// When the driver began with it. The difference to `intended` is the driver's own lateness.
    package var begun: Int64 = 0
    /// When the connection stood and the request was written.
    package var sent: Int64 = 0
    package var firstByte: Int64 = 0
    package var finished: Int64 = 0
    /// Of the answer's body.
    package var bytes: UInt32 = 0
    /// libcurl's result, for the report.
    package var detail: UInt16 = 0
    /// Index into the ledger's texts: the release the application said it is; 0 is none.
    package var release: UInt16 = 0
    /// Index into the ledger's texts: the reason the front door gave (`X-Portico-Reason`); 0 is none.
    package var reason: UInt16 = 0

    package init(number: UInt64, sequence: UInt64, stream: UInt16, intended: Int64) {
        self.number = number
        self.sequence = sequence
        self.stream = stream
        self.intended = intended
    }

    package var isSuccess: Bool { outcome == .ok }

    /// From when it was due to its end: what a user waited, the driver's own lateness included.
    package var latencyNanoseconds: Int64 { max(0, finished - intended) }

    /// From when it was begun to its end: what the front door took.
    package var serviceNanoseconds: Int64 { max(0, finished - begun) }
}
